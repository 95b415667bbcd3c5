"""Split a message into statements: one for most messages, one for each pair of a merge."""

from typing import NamedTuple

from consumers.hl7v2.reader import Message, Segment


class SegmentGroup(NamedTuple):
    """The segments that one statement is read from."""

    pair: int  # its number in the message, from 0
    segments: list[Segment]
    lines: list[str]  # the same segments as sent
    pid: Segment | None
    mrg: Segment | None


def groups(message: Message, *, pairs: bool) -> list[SegmentGroup]:
    """Return the segments of each statement of a message.

    A pair consists of one PID and one MRG after it. If several MRG follow a PID, each of them is a
    pair with that PID. A pair has all segments before the first PID, and those between its own PID
    and the next one.

    Args:
        message: The message.
        pairs: Whether PID and MRG may repeat, as in a merge.
    """
    first = message.first
    whole = SegmentGroup(0, message.segments, message.lines, first.get("PID"), first.get("MRG"))
    names = [segment[0] for segment in message.segments]
    if not pairs or (names.count("PID") <= 1 and names.count("MRG") <= 1):
        return [whole]
    numbered = list(zip(message.segments, message.lines, strict=True))
    starts = [index for index, (segment, _) in enumerate(numbered) if segment[0] == "PID"]
    if not starts:
        return [whole]
    head = numbered[: starts[0]]
    found: list[SegmentGroup] = []
    for start, end in zip(starts, [*starts[1:], len(numbered)], strict=True):
        body = numbered[start:end]
        rest = [each for each in body if each[0][0] != "MRG"]
        retiring = [each for each in body if each[0][0] == "MRG"]
        for own in [[each] for each in retiring] or [[]]:
            members = [*head, *rest, *own]
            found.append(
                SegmentGroup(
                    len(found),
                    [segment for segment, _ in members],
                    [line for _, line in members],
                    body[0][0],
                    own[0][0] if own else None,
                )
            )
    return found
