"""Split a message into statements: one for most messages, one for each pair of a merge."""

from typing import NamedTuple, TypeAlias

from consumers.hl7v2.findings import UnusableMessage
from consumers.hl7v2.limits import MessageLimits
from consumers.hl7v2.reader import Message, Segment

#: A segment, and the same segment as sent.
_SegmentLine: TypeAlias = tuple[Segment, str]


class SegmentGroup(NamedTuple):
    """The segments that one statement is read from."""

    pair: int  # its number in the message, from 0
    segments: list[Segment]
    lines: list[str]  # the same segments as sent
    pid: Segment | None
    mrg: Segment | None


def groups(message: Message, *, pairs: bool, limits: MessageLimits) -> list[SegmentGroup]:
    """Return the segments of each statement of a message.

    A pair consists of one PID and one MRG after it. If several MRG follow a PID, each of them is a
    pair with that PID. A pair has all segments before the first PID, and those between its own PID
    and the next one.

    Args:
        message: The message.
        pairs: Whether PID and MRG may repeat, as in a merge.
        limits: Limits for what one message makes.

    Raises:
        UnusableMessage: The message makes more than the limits allow.
    """
    first = message.first
    whole = SegmentGroup(0, message.segments, message.lines, first.get("PID"), first.get("MRG"))
    names = [segment[0] for segment in message.segments]
    if not pairs or (names.count("PID") <= 1 and names.count("MRG") <= 1):
        return [whole]
    paired = list(zip(message.segments, message.lines, strict=True))
    starts = [index for index, name in enumerate(names) if name == "PID"]
    if not starts:
        return [whole]
    head = paired[: starts[0]]
    parts: list[tuple[list[_SegmentLine], list[_SegmentLine]]] = []
    for start, end in zip(starts, [*starts[1:], len(paired)], strict=True):
        body = paired[start:end]
        rest = [each for each in body if each[0][0] != "MRG"]
        retiring = [each for each in body if each[0][0] == "MRG"]
        parts.append((rest, retiring))
    _check(head, parts, limits)  # before the copies are made
    found: list[SegmentGroup] = []
    for rest, retiring in parts:
        for own in [[each] for each in retiring] or [[]]:
            members = [*head, *rest, *own]
            found.append(
                SegmentGroup(
                    len(found),
                    [segment for segment, _ in members],
                    [line for _, line in members],
                    rest[0][0],
                    own[0][0] if own else None,
                )
            )
    return found


def _check(
    head: list[_SegmentLine],
    parts: list[tuple[list[_SegmentLine], list[_SegmentLine]]],
    limits: MessageLimits,
) -> None:
    """Refuse a message that makes too many statements, or statements with too many copies."""
    if sum(max(1, len(retiring)) for _, retiring in parts) > limits.statements:
        raise UnusableMessage("too_many_statements", "MRG")
    copied = 0
    shared = _size(head)
    for rest, retiring in parts:
        copied += (shared + _size(rest)) * max(1, len(retiring)) + _size(retiring)
    if copied > limits.sealed:
        raise UnusableMessage("too_large", "MRG")


def _size(paired: list[_SegmentLine]) -> int:
    return sum(len(line) for _, line in paired)
