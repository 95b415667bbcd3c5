"""The commands on what follows a discharge."""
