"""Read received messages again, and record what differs from their last reading.

The statements of a message are paired by the number of their pair. A statement that differs is
recorded again and supersedes its event. A statement that is no longer made, or that moved to
another record, is withdrawn from its stream.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Final

import structlog

from commands.ports.intake import Draft, IncomingMessage
from commands.ports.readings import (
    CountingEvent,
    MessageReadings,
    NewReading,
    ReceivedReading,
)
from commands.ports.store import CannotStore
from domain.body import Actor, PlainSegment
from domain.catalogue import WITHDRAWN
from domain.encoding import BodyDoesNotHold, make_core
from domain.ids import EventId, MessageId, RecordId
from domain.statement import Statement

log = structlog.get_logger()

#: The actor of every event that a later reading appends.
ACTOR: Final = Actor(kind="system", issuer="reprocess")
#: Reasons of messages that were refused on arrival. The sender knows, and sends them again. Of some
#: of them the store has only the beginning.
_REFUSED: Final = frozenset({"oversize", "client_not_allowed"})


class Change(StrEnum):
    """What a later reading changes about a message."""

    CHANGED = "changed"  # its statements
    RELEASED = "released"  # it made no statement and makes some now
    WITHDRAWN = "withdrawn"  # it made statements and makes none now
    OUTCOME = "outcome"  # its outcome, reason, warnings or sender, but no statement


class Kept(StrEnum):
    """Why a message keeps its last reading."""

    UNCHANGED = "unchanged"
    REFUSED = "refused"  # it was refused on arrival, or the store refuses the later reading
    ERASED = "erased"  # a key is destroyed, so it does not open


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementChange:
    """The change of one statement: what happens to it, and the names of what differs."""

    pair: int
    change: str  # changed, added, withdrawn
    differs: tuple[str, ...] = ()  # members of the core, and sealed segments as "sealed:CLASS"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageChange:
    """The change of one message. It holds no value of the message."""

    change: Change
    before: ReceivedReading
    reading: NewReading
    statements: tuple[StatementChange, ...]


def compare(
    before: ReceivedReading, now: IncomingMessage, new_id: Callable[[], str]
) -> MessageChange | Kept:
    """Compare the reading of today with the last one.

    Args:
        before: The message with its last reading. Its bytes are there.
        now: The bytes as they are read today.
        new_id: Draws the ids of withdrawals.
    """
    if before.reason in _REFUSED:
        return Kept.REFUSED
    number = before.number + 1
    old = {each.core.pair: each for each in before.events}
    new = {each.core.pair: each for each in now.drafts}
    drafts: list[Draft] = []
    changes: list[StatementChange] = []
    for pair in sorted(old.keys() | new.keys()):
        there, here = old.get(pair), new.get(pair)
        differs = _differing(there, here) if there and here else ()
        if there and here and not differs:
            continue
        if there and (here is None or here.subjects[0] != there.subjects[0]):
            drafts.append(_withdrawal(there, number, EventId(new_id())))
        if here:
            drafts.append(_superseding(here, there, number))
        change = "changed" if there and here else "added" if here else "withdrawn"
        changes.append(StatementChange(pair=pair, change=change, differs=differs))
    if not changes and _outcome(before) == _outcome(now):
        return Kept.UNCHANGED
    if not all(map(_holds, drafts)):
        return Kept.REFUSED
    reading = NewReading(
        number=number,
        message=replace(now, message_id=before.message_id, actor=ACTOR, drafts=tuple(drafts)),
    )
    return MessageChange(
        change=_change(old, new, changes),
        before=before,
        reading=reading,
        statements=tuple(changes),
    )


def handle(changes: Sequence[MessageChange], readings: MessageReadings) -> list[MessageId]:
    """Record the later readings in one transaction; return the messages that the store refuses.

    If the store refuses the batch, the batch is split until the message that is the cause is alone.
    That message keeps its last reading.

    Raises:
        ReadingTaken: Another run has read one of the messages again: compare them again.
        StoreUnavailable: The outcome is not known: compare them again.
    """
    if not changes:
        return []
    try:
        readings.record([each.reading for each in changes])
    except CannotStore as error:
        if len(changes) == 1:
            message_id = changes[0].before.message_id
            log.warning("message.not_read_again", message_id=message_id, reason=error.reason)
            return [message_id]
        half = len(changes) // 2
        return handle(changes[:half], readings) + handle(changes[half:], readings)
    return []


def _outcome(message: ReceivedReading | IncomingMessage) -> tuple[object, ...]:
    return (
        message.disposition,
        message.reason,
        message.place,
        message.warnings,
        message.sender,
        message.control_id,
        message.trigger,
    )


def _change(old: object, new: object, changes: Sequence[StatementChange]) -> Change:
    if not changes:
        return Change.OUTCOME
    if not old:
        return Change.RELEASED
    return Change.CHANGED if new else Change.WITHDRAWN


def _differing(there: CountingEvent, here: Draft) -> tuple[str, ...]:
    """Return the names of what differs between a statement and its reading of today."""
    # These members tell about the readings, not about the message.
    before = replace(there.core, reading=1, supersedes=(), former_refs=())
    found = [
        each.name
        for each in fields(Statement)
        if getattr(before, each.name) != getattr(here.core, each.name)
    ]
    for name in ("topic", "facility", "happened_at"):
        if getattr(there, name) != getattr(here, name) and name not in found:
            found.append(name)
    old, new = _texts(there.segments), _texts(here.segments)
    sealed = {segment for _, segment in old.keys() | new.keys()}
    found += [
        f"sealed:{segment}" for segment in sorted(sealed) if _of(segment, old) != _of(segment, new)
    ]
    return tuple(found)


_Texts = dict[tuple[RecordId, str], list[bytes]]


def _texts(segments: Iterable[PlainSegment]) -> _Texts:
    found: _Texts = {}
    for each in segments:
        found.setdefault((each.subject, each.segment), []).append(each.text)
    return found


def _of(segment: str, texts: _Texts) -> _Texts:
    return {key: each for key, each in texts.items() if key[1] == segment}


def _superseding(here: Draft, there: CountingEvent | None, number: int) -> Draft:
    """Return the event of a statement of a later reading."""
    if there is None:
        return replace(here, core=replace(here.core, reading=number))
    former = dict.fromkeys((*there.core.former_refs, there.core.ref))
    former.pop(here.core.ref, None)
    core = replace(
        here.core,
        reading=number,
        supersedes=(there.event_id,),
        former_refs=tuple(former),
    )
    subjects = here.subjects
    if there.subjects[0] == here.subjects[0]:  # a record that it named before learns of it
        subjects = tuple(dict.fromkeys((*here.subjects, *map(RecordId, there.subjects))))
    return replace(here, core=core, subjects=subjects)


def _withdrawal(there: CountingEvent, number: int, event_id: EventId) -> Draft:
    core = Statement(
        ref=there.core.ref,
        trigger=there.core.trigger,
        record=there.core.record,
        mode=there.core.mode,
        pair=there.core.pair,
        reading=number,
        supersedes=(there.event_id,),
    )
    return Draft(
        event_id=event_id,
        topic=WITHDRAWN,
        subjects=tuple(map(RecordId, there.subjects)),
        core=core,
        segments=(),
        happened_at=None,
        facility=there.facility,
    )


def _holds(draft: Draft) -> bool:
    try:
        make_core(draft.core)
    except BodyDoesNotHold:
        return False
    return True
