"""The commands on care plans."""
