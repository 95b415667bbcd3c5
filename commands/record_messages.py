"""Record what was received: all of it, whatever one message among it may hold."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import structlog

from commands.ports import (
    CannotStore,
    Disposition,
    MessageLog,
    Outcome,
    Received,
    StoreUnavailable,
)

log = structlog.get_logger()

#: How often the outcome is asked for after the store did not answer.
ATTEMPTS: Final = 3
#: Characters kept of each text of a message that could not be stored as it was.
_LONGEST: Final = 200


def handle(
    messages: Sequence[Received], store: MessageLog, *, attempts: int = ATTEMPTS
) -> list[Outcome]:
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
            return [_quarantined(messages[0], error.reason, store, attempts)]
    half = len(messages) // 2
    first = handle(messages[:half], store, attempts=attempts)
    return first + handle(messages[half:], store, attempts=attempts)


def _recorded(messages: Sequence[Received], store: MessageLog, attempts: int) -> list[Outcome]:
    for left in reversed(range(attempts)):
        try:
            return store.record(messages)
        except StoreUnavailable:
            if not left:
                raise
            log.warning("store.lost", count=len(messages), attempt=attempts - left)
    raise ValueError("attempts is at least 1")


def _quarantined(message: Received, reason: str, store: MessageLog, attempts: int) -> Outcome:
    kept = replace(message, disposition=Disposition.QUARANTINED, reason=reason)
    log.warning("message.quarantined", message_id=message.message_id, reason=reason)
    try:
        # With its drafts, which name whose keys seal the bytes.
        return _recorded([kept], store, attempts)[0]
    except CannotStore:
        return _recorded([_bare(kept)], store, attempts)[0]


def _bare(message: Received) -> Received:
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
