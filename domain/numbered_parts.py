"""Ids of the parts of a stream, such as ``g2``, and facts that differ only in their time."""

from collections.abc import Iterable

from domain.decider import REPEATED_WITHIN, StatedTime, with_content
from domain.events import OwnEvent


def next_id(letter: str, used: Iterable[str]) -> str:
    """Return the next free id that begins with a letter.

    >>> next_id("g", ["g1", "a7", "g3"])
    'g4'
    """
    numbers = [int(each[1:]) for each in used if each.startswith(letter)]
    return f"{letter}{max(numbers, default=0) + 1}"


def is_same_fact(new: OwnEvent, recorded: OwnEvent, time: StatedTime) -> bool:
    """Tell whether a new event repeats a recorded one, as ``domain.decider.decide`` does.

    If no time is stated, the times may differ by less than ``REPEATED_WITHIN``.
    """
    if time.stated is None and new.happened_at.at - recorded.happened_at.at < REPEATED_WITHIN:
        new = new.model_copy(update={"happened_at": recorded.happened_at})
    return with_content(new, time) == recorded
