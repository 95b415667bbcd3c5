"""The commands on items of the work list."""
