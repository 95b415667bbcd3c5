"""Times without an offset that are repeated in a message with another MSH-7 offset (R5.15).

Such a time has the offset of the MSH-7 of its own message. After the clocks change, that offset is
another one, but the sender repeats the text of an earlier message, and means the same time.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from domain.interpretation.changed_statements import ChangedStatements
from domain.statement import Moment, Statement

#: A time this close to its own MSH-7 has the right offset, also in the hour that occurs twice.
_SURE: Final = timedelta(hours=2)

#: MSH-4 and the text.
_Text: TypeAlias = tuple[str, str]


class RepeatedTexts:
    """Gives statements the times that they repeat, again and again, while statements arrive."""

    __slots__ = ("_changed",)

    def __init__(self) -> None:
        self._changed = ChangedStatements()

    def of(self, statements: Sequence[Statement]) -> Sequence[Statement]:
        """Return statements in which times of one sender with equal text are one time (R5.15).

        Most sets have one offset, and are returned as they are. Example: an A01 of 1 March, MSH-7
        offset -0500, and an A03 of 10 March, offset -0400, both with PV1-44 20260301100000. The
        admission was at 15:00 UTC.
        """
        self._changed.begin()
        sure = _sure_times(statements)
        if not sure:
            return statements
        return [self._with_sure_times(each, sure) for each in statements]

    def _with_sure_times(self, given: Statement, sure: dict[_Text, Moment]) -> Statement:
        occurred = _sure(given, given.occurred, sure)
        admitted = _sure(given, given.admitted, sure)
        discharged = _sure(given, given.discharged, sure)
        if (
            occurred is given.occurred
            and admitted is given.admitted
            and discharged is given.discharged
        ):
            return given
        return self._changed.changed(
            given, occurred=occurred, admitted=admitted, discharged=discharged
        )


def _sure_times(statements: Sequence[Statement]) -> dict[_Text, Moment]:
    """Return the time that each text of a sender names; empty if all messages have one offset."""
    offsets = {
        sent.text[-5:]
        for each in statements
        if (sent := each.sent) is not None and sent.zone == "offset"
    }
    if len(offsets) <= 1:
        return {}
    nearest: dict[_Text, tuple[timedelta, datetime, Moment]] = {}
    for each in statements:
        for moment in (each.entered, each.occurred, each.admitted, each.discharged):
            if moment is not None and _has_offset_of_message(moment):
                found = (_distance(each, moment), moment.at, moment)
                key = each.sender, moment.text
                if key not in nearest or found[:2] < nearest[key][:2]:
                    nearest[key] = found
    return {key: moment for key, (_, _, moment) in nearest.items()}


def _sure(each: Statement, moment: Moment | None, sure: dict[_Text, Moment]) -> Moment | None:
    """Return the time with this text whose message was sent nearest to it."""
    if moment is None or not _has_offset_of_message(moment):
        return moment
    found = sure[each.sender, moment.text]
    if found.at == moment.at or _distance(each, moment) <= _SURE:
        return moment
    return found


def _has_offset_of_message(moment: Moment) -> bool:
    return moment.zone == "message" and moment.text != ""


def _distance(each: Statement, moment: Moment) -> timedelta:
    """Return how far apart a time and the sending of its message are."""
    return timedelta.max if each.sent is None else abs(each.sent.at - moment.at)
