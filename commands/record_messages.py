"""Record received messages. One message that cannot be stored does not stop the others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Generic

import structlog

from commands.ports.intake import Disposition, IncomingMessage, MessageLog, MessageOutcome, Prepared
from commands.ports.store import CannotStore, RightMissing, StoreUnavailable

log = structlog.get_logger()

#: How often a batch is tried if the store does not answer.
ATTEMPTS: Final = 3
#: The most characters that are kept of each text, if a message cannot be stored as it is.
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class PreparedMessage(Generic[Prepared]):
    """A message to record, and the form of it that the store has prepared."""

    message: IncomingMessage
    prepared: Prepared


def prepare(
    message: IncomingMessage, store: MessageLog[Prepared], *, may_wait: bool = True
) -> PreparedMessage[Prepared]:
    """Prepare a message for its batch. A message that the store refuses goes to quarantine.

    If ``may_wait`` is true, keys that are not in memory are fetched.

    Raises:
        StoreUnavailable: The keys are not available now.
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
    """Record ``messages`` and return their outcomes in order.

    If the store refuses a batch, the batch is split until the message that causes the refusal is
    alone. That message goes to quarantine with its bytes and the reason; the others are recorded.

    If the answer of the store is lost, the batch is recorded again with the same idempotency keys.
    A key that is in the store returns the outcome of its message; the other messages are recorded.

    Raises:
        StoreUnavailable: The store still does not answer. No message may be acknowledged.
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
        except RightMissing:
            raise
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
        # The drafts are kept, because their subjects decide which keys seal the bytes.
        return PreparedMessage(kept, store.prepare(kept))
    except CannotStore:
        bare = _bare(kept)
        return PreparedMessage(bare, store.prepare(bare))


def _bare(message: IncomingMessage) -> IncomingMessage:
    """Return the message with its bytes and without events; PostgreSQL can store its texts."""
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
    """Shorten a text, and replace NUL and lone surrogates, which PostgreSQL cannot store."""
    clipped = text[:_LONGEST].replace("\x00", "\ufffd")
    return clipped.encode("utf-8", "replace").decode()
