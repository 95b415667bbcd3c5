"""Synthetic hospitals that know the truth they tell: seeded, without a clock."""
