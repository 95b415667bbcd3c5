"""How many examples the properties are tried with that cost more than others."""

from hypothesis import settings


def a_part_of_the_examples(part: float) -> settings:
    """Return settings with a part of the examples that other properties are tried with."""
    return settings(max_examples=max(1, int(part * settings().max_examples)))
