"""Measure caretrail beside an assembly from libraries, in one run, as ratios."""
