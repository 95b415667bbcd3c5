"""Fold events into read models: live, as known at an earlier time, and in a rebuild."""
