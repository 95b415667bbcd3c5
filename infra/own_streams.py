"""Read own streams of the event store, and append to them at the expected version.

Events and statements share one table, one notification log and one append lock.
"""

from collections.abc import Sequence
from typing import Any, Final

import psycopg
from psycopg import Connection, Cursor
from typing_extensions import override

from commands.ports.store import CannotStore, StoreUnavailable
from commands.ports.streams import (
    CommandKey,
    CommandOutcome,
    DecidedEvent,
    EventPlace,
    StreamConflict,
    StreamOfOtherKind,
    Streams,
)
from domain.body import Actor
from domain.decider import StreamEvent
from domain.encoding import BodyDoesNotHold, read_body
from domain.events import OwnEvent
from domain.ids import EventId, IdKey, StreamId
from infra.recorder import Columns, NewEvent, actor_of
from infra.store_writer import REASONS, ROUNDS, StoreWriter, sealed_event
from infra.subject_keys import SealingKeys, take_keys

#: The constraint by which the table refuses a version that is taken.
_VERSION_TAKEN: Final = "event_originator_id_originator_version_key"


class RecordedStreams(Streams):
    """The own streams of one store. Safe for threads."""

    def __init__(self, writer: StoreWriter, *, id_key: IdKey) -> None:
        self._writer = writer
        self._id_key = id_key

    @override
    def read(self, stream: StreamId) -> tuple[StreamEvent[OwnEvent], ...]:
        with self._writer.connection() as connection:
            rows = connection.execute(_READ, (stream,)).fetchall()
        return tuple(_stream_event(stream, row) for row in rows)

    @override
    def append(
        self,
        stream: StreamId,
        events: Sequence[DecidedEvent],
        *,
        expected_version: int,
        key: CommandKey,
        warnings: tuple[str, ...] = (),
    ) -> CommandOutcome:
        subjects = {one.subject for each in events for one in each.segments}
        for _ in range(ROUNDS):
            keys = self._writer.keys.for_sealing(subjects)
            try:
                sealed = [
                    self._sealed(stream, each, keys=keys, version=version, key=key)
                    for version, each in enumerate(events, start=expected_version + 1)
                ]
            except BodyDoesNotHold:
                raise CannotStore(REASONS[BodyDoesNotHold]) from None
            outcome = self._try(stream, sealed, expected_version, key, keys, warnings)
            if outcome is not None:
                return outcome
        raise StoreUnavailable("OthersWereFirst")

    @override
    def outcome_of(self, key: CommandKey) -> CommandOutcome | None:
        with self._writer.connection() as connection:
            return self._outcome(connection, key)

    @override
    def actor_of(self, event_id: EventId) -> Actor | None:
        with self._writer.connection() as connection:
            row = connection.execute(_ACTOR, (event_id,)).fetchone()
        return actor_of(row["actor"]) if row else None

    def _try(  # what one attempt needs
        self,
        stream: StreamId,
        events: Sequence[NewEvent],
        expected_version: int,
        key: CommandKey,
        keys: SealingKeys,
        warnings: tuple[str, ...],
    ) -> CommandOutcome | None:
        """Try once to record; None if another writer has just given a subject its key.

        Locks are taken in the order that ``infra.event_store`` states.
        """
        proposed = keys.proposed()
        with self._writer.connection() as connection:
            try:
                with connection.transaction(), connection.cursor() as cursor:
                    if expected_version and not _has(cursor, stream, expected_version):
                        raise StreamConflict(stream, expected_version)
                    taken = take_keys(cursor, proposed)
                    if taken:
                        claimed, places = False, []
                    else:
                        what = (stream, expected_version, len(events), list(warnings))
                        claimed = self._claim(cursor, key, what)
                        places = self._writer.recorder.append(cursor, events if claimed else ())
            except psycopg.errors.SerializationFailure:
                return None
            except psycopg.errors.UniqueViolation as error:
                if error.diag.constraint_name == _VERSION_TAKEN:
                    raise StreamConflict(stream, expected_version) from error
                raise
        if taken:
            self._writer.keys.adopt(taken)
            return None
        self._writer.keys.confirm(proposed)
        if not claimed:
            return self.outcome_of(key)
        return CommandOutcome(
            stream=stream,
            version=expected_version + len(events),
            events=tuple(
                EventPlace(
                    index=index,
                    event_id=EventId(each.columns.event_id),
                    topic=each.topic,
                    version=version,
                )
                for each, (index, version) in zip(events, places, strict=True)
            ),
            warnings=warnings,
        )

    def _claim(self, cursor: Cursor[Any], key: CommandKey, outcome: tuple[object, ...]) -> bool:
        """Insert the idempotency key of the command; False if it was recorded before."""
        cursor.execute(_CLAIM, (*self._hashes(key), *outcome))
        return cursor.rowcount == 1

    def _outcome(self, connection: Connection[Any], key: CommandKey) -> CommandOutcome | None:
        hashed, content = self._hashes(key)
        row = connection.execute(_KEY, (hashed,)).fetchone()
        if row is None:
            return None
        version = row["version"] + row["events"]
        rows = connection.execute(_EVENTS, (row["stream"], row["version"], version)).fetchall()
        return CommandOutcome(
            stream=StreamId(row["stream"]),
            version=version,
            events=tuple(EventPlace(**each) for each in rows),
            repeated=True,
            same_content=bytes(row["content"]) == content,
            warnings=tuple(row["warnings"]),
        )

    def _hashes(self, key: CommandKey) -> tuple[bytes, bytes]:
        actor = key.actor
        owner = (actor.kind, actor.issuer, actor.subject)
        return (
            self._id_key.digest("command key", *owner, key.key),
            self._id_key.digest("command content", key.content),
        )

    def _sealed(
        self,
        stream: StreamId,
        decided: DecidedEvent,
        *,
        keys: SealingKeys,
        version: int,
        key: CommandKey,
    ) -> NewEvent:
        event = decided.event
        columns = Columns(
            event_id=decided.event_id,
            subjects=(stream,) if event.record is None else (stream, event.record),
            tenant=self._writer.tenant,
            actor=key.actor,
            facility=decided.facility,
            happened_at=event.happened_at.at,
        )
        return sealed_event(
            event,
            decided.segments,
            topic=event.TOPIC,
            columns=columns,
            keys=keys,
            version=version,
        )


def _stream_event(stream: StreamId, row: dict[str, Any]) -> StreamEvent[OwnEvent]:
    event = read_body(row["topic"], row["state"]).core
    if not isinstance(event, OwnEvent):
        raise StreamOfOtherKind(stream)
    return StreamEvent(EventId(row["event_id"]), row["version"], event)


def _has(cursor: Cursor[Any], stream: StreamId, version: int) -> bool:
    """Tell whether a stream has a version; the table refuses a taken version, but not a gap."""
    cursor.execute(_HAS, (stream, version))
    return cursor.rowcount > 0


_READ: Final = (
    "select event_id::text, originator_version as version, topic, state from es.event"
    " where originator_id = %s order by originator_version"
)
_HAS: Final = "select from es.event where originator_id = %s and originator_version = %s"
_CLAIM: Final = (
    "insert into es.command_key (key, content, stream, version, events, warnings)"
    " values (%s, %s, %s, %s, %s, %s) on conflict (key) do nothing"
)
_KEY: Final = (
    "select content, stream::text, version, events, warnings from es.command_key where key = %s"
)
_EVENTS: Final = (
    "select notification_id as index, event_id::text, topic, originator_version as version"
    " from es.event where originator_id = %s and originator_version > %s"
    " and originator_version <= %s order by originator_version"
)
_ACTOR: Final = "select actor::text from es.event where event_id = %s"
