"""What caretrail costs, as ratios in one run against what a user would assemble from libraries."""
