"""The commands on referrals."""
