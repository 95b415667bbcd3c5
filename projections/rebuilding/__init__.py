"""Fill new generations of projections from the log, with several processes."""
