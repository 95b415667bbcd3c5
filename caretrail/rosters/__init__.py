"""Rosters: files that say which patients are attributed to which practice, payer or programme."""
