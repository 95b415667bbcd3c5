"""The commands on care teams."""
