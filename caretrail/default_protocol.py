"""The protocol that a store begins with."""

from datetime import UTC, datetime
from importlib.resources import files
from typing import Final

import structlog

from commands.ports.streams import CommandKey, DecidedEvent, StreamConflict
from domain import protocol
from domain.body import Actor
from domain.decider import StatedTime
from domain.ids import EventId, IdKey
from infra import clock
from infra.event_store import CareStore

log = structlog.get_logger()

#: When the default protocol began. It is the same in every store, so that two stores with the same
#: messages have the same content.
_BEGAN: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ACTOR: Final = Actor(kind="system", issuer="caretrail", subject="default protocol")


def default_protocol() -> str:
    """Return the text of the default protocol of this release."""
    return files("caretrail").joinpath("default_protocol.toml").read_text("utf-8")


def publish_default_protocol(store: CareStore, ids: IdKey) -> None:
    """Publish the default protocol if the store has none, in force from the beginning of time.

    A store of an earlier release gets it when it is opened for the first time. If two processes
    open a store at once, one of them publishes it.
    """
    stream = protocol.stream_of_protocols(ids)
    history = protocol.KIND.history(stream, store.streams.read(stream))
    content = default_protocol()
    events = protocol.publish_default(history, content=content, time=StatedTime(_BEGAN))
    if not events:
        return
    decided = [DecidedEvent(event_id=EventId(clock.new_id()), event=each) for each in events]
    key = CommandKey(actor=_ACTOR, key="default protocol", content=content)
    try:
        store.streams.append(stream, decided, expected_version=len(history), key=key)
    except StreamConflict:
        return  # another process was first
    log.info("protocol.default_published")
