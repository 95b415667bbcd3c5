"""Record what was received: all of it, whatever one message among it may hold."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Generic

import structlog

from commands.ports.intake import Disposition, IncomingMessage, MessageLog, MessageOutcome, Prepared
from commands.ports.store import CannotStore, StoreUnavailable

log = structlog.get_logger()

#: How often the outcome is asked for after the store did not answer.
ATTEMPTS: Final = 3
#: Characters kept of each text of a message that could not be stored as it was.
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class PreparedMessage(Generic[Prepared]):
    """A message to record, and what the store has made ready of it."""

    message: IncomingMessage
    prepared: Prepared


def prepare(
    message: IncomingMessage, store: MessageLog[Prepared], *, may_wait: bool = True
) -> PreparedMessage[Prepared]:
    """Prepare a message for its batch. A message that the store refuses goes to quarantine.

    ``may_wait``: keys that are not in memory may be fetched.

    Raises:
        StoreUnavailable: The keys cannot be had now.
    """
    try:
        return PreparedMessage(message, store.prepare(message, may_wait=may_wait))
    except CannotStore as error:
        return _quarantined(message, error.reason, store)


def handle(
    messages: Sequence[PreparedMessage[Prepared]],
    store: MessageLog[Prepared],
    *,
    attempts: int = ATTEMPTS,
) -> list[MessageOutcome]:
    """Record ``messages`` and tell what became of each, in order.

    A batch that the store refuses is split until the message that poisons it is alone; that one is
    kept in quarantine with its bytes and the reason, and the others are recorded. After a lost
    answer the outcome is read back by asking again: keys that are there give the answer of their
    message, and what is missing is recorded.

    Raises:
        StoreUnavailable: Still no answer; nothing may be acknowledged.
    """
    try:
        return _recorded(messages, store, attempts)
    except CannotStore as error:
        if len(messages) == 1:
            kept = _quarantined(messages[0].message, error.reason, store)
            try:
                return _recorded([kept], store, attempts)
            except CannotStore:
                bare = _bare(kept.message)
                return _recorded([PreparedMessage(bare, store.prepare(bare))], store, attempts)
    half = len(messages) // 2
    first = handle(messages[:half], store, attempts=attempts)
    return first + handle(messages[half:], store, attempts=attempts)


def _recorded(
    messages: Sequence[PreparedMessage[Prepared]], store: MessageLog[Prepared], attempts: int
) -> list[MessageOutcome]:
    prepared = [each.prepared for each in messages]
    for left in reversed(range(attempts)):
        try:
            return store.record(prepared)
        except StoreUnavailable:
            if not left:
                raise
            log.warning("store.lost", count=len(messages), attempt=attempts - left)
    raise ValueError("attempts is at least 1")


def _quarantined(
    message: IncomingMessage, reason: str, store: MessageLog[Prepared]
) -> PreparedMessage[Prepared]:
    kept = replace(message, disposition=Disposition.QUARANTINED, reason=reason)
    log.warning("message.quarantined", message_id=message.message_id, reason=reason)
    try:
        # With its drafts, which name whose keys seal the bytes.
        return PreparedMessage(kept, store.prepare(kept))
    except CannotStore:
        bare = _bare(kept)
        return PreparedMessage(bare, store.prepare(bare))


def _bare(message: IncomingMessage) -> IncomingMessage:
    """Return the message with its bytes, and every text such that any database takes it."""
    return replace(
        message,
        arrived_by=_plain(message.arrived_by),
        sender=_plain(message.sender),
        application=_plain(message.application),
        facility=_plain(message.facility),
        control_id=_plain(message.control_id),
        trigger=_plain(message.trigger),
        place=_plain(message.place),
        warnings=tuple(map(_plain, message.warnings)),
        drafts=(),
    )


def _plain(text: str) -> str:
    """Clip, and replace NUL and lone surrogates, which UTF-8 in PostgreSQL cannot hold."""
    clipped = text[:_LONGEST].replace("\x00", "\ufffd")
    return clipped.encode("utf-8", "replace").decode()
