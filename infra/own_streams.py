"""Read own streams of the event store, and append to them at the expected version.

Events and statements share one table, one notification log and one append lock.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import psycopg
import structlog
from psycopg import Cursor
from psycopg.sql import SQL
from typing_extensions import override

from commands.ports.store import CannotStore, StoreUnavailable
from commands.ports.streams import (
    AppendResult,
    CommandKey,
    CommandOutcome,
    DecidedEvent,
    EventPlace,
    StreamAppend,
    StreamConflict,
    StreamOfOtherKind,
    Streams,
    StreamView,
)
from domain.body import Actor
from domain.decider import StreamEvent
from domain.encoding import BodyDoesNotHold, read_body
from domain.events import OwnEvent
from domain.ids import EventId, IdKey, StreamId
from infra.recorder import PARAMETERS, Columns, NewEvent, actor_of, parameters
from infra.store_writer import REASONS, ROUNDS, StoreWriter, sealed_event
from infra.subject_keys import SealingKeys, take_keys
from projections.engine.arrays import array, byte_texts, texts

log = structlog.get_logger()

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
    def look(
        self, wanted: Sequence[tuple[StreamId, CommandKey]]
    ) -> list[StreamView | StreamOfOtherKind | ValueError]:
        hashes = [self._hashes(key) for _, key in wanted]
        with self._writer.connection() as connection, connection.cursor(binary=True) as cursor:
            found = cursor.execute(
                _LOOK,
                (array(stream for stream, _ in wanted), byte_texts(key for key, _ in hashes)),
                prepare=True,
            ).fetchall()
        of_stream = defaultdict[str, list[dict[str, Any]]](list)
        of_key = defaultdict[bytes, list[dict[str, Any]]](list)
        for row in found:
            if row["key"] is None:
                of_stream[row["stream"]].append(row)
            else:
                of_key[row["key"]].append(row)
        return [
            _view(stream, of_stream[stream], of_key[hashed], content)
            for (stream, _), (hashed, content) in zip(wanted, hashes, strict=True)
        ]

    @override
    def append_all(self, appends: Sequence[StreamAppend]) -> list[AppendResult]:
        try:
            outcomes = self._append_together(appends)
        except StoreUnavailable as error:
            return [error for _ in appends]
        if outcomes is not None:
            return list(outcomes)
        log.info("commands.recorded_singly", count=len(appends))
        return [self._append_alone(each) for each in appends]

    def _append_alone(self, one: StreamAppend) -> AppendResult:
        try:
            return self.append(
                one.stream,
                one.events,
                expected_version=one.expected_version,
                key=one.key,
                warnings=one.warnings,
            )
        except (StreamConflict, CannotStore, StoreUnavailable) as error:
            return error

    def _append_together(self, appends: Sequence[StreamAppend]) -> list[CommandOutcome] | None:
        """Record all in one transaction; None if one of them cannot be, so nothing was recorded.

        Raises:
            StoreUnavailable: The outcome is unknown.
        """
        keys = self._writer.keys.for_sealing(
            {one.subject for each in appends for event in each.events for one in event.segments}
        )
        try:
            sealed = [
                [
                    self._sealed(each.stream, event, keys=keys, version=version, key=each.key)
                    for version, event in enumerate(each.events, start=each.expected_version + 1)
                ]
                for each in appends
            ]
            indexes = self._insert_together(appends, sealed, keys)
        except (BodyDoesNotHold, CannotStore, _NotTogether):
            return None
        self._writer.keys.confirm(keys.proposed())
        indexed = iter(indexes)
        return [
            _recorded(each, events, [next(indexed) for _ in events])
            for each, events in zip(appends, sealed, strict=True)
        ]

    def _insert_together(
        self,
        appends: Sequence[StreamAppend],
        sealed: Sequence[Sequence[NewEvent]],
        keys: SealingKeys,
    ) -> list[int]:
        """Insert keys and events in one transaction; return the index of each event.

        Locks are taken in the order that ``infra.event_store`` states.

        Raises:
            _NotTogether: A key or a version is taken, a stream lacks the version before, or a
                subject has another key of its own. Nothing was recorded.
            CannotStore: The store refuses the content of one of them. Nothing was recorded.
        """
        proposed = keys.proposed()
        given = (
            *self._claims(appends),
            array(proposed),
            array(map(str, proposed.values())),
            *parameters([event for each in sealed for event in each]),
            self._writer.tenant,
        )
        with self._writer.connection() as connection, connection.cursor(binary=True) as cursor:
            try:
                found = cursor.execute(_RECORD_ALL, given, prepare=True).fetchall()
            except (psycopg.errors.SerializationFailure, psycopg.errors.UniqueViolation):
                raise _NotTogether from None
        return [row["id"] for row in found]

    def _claims(self, appends: Sequence[StreamAppend]) -> tuple[str, ...]:
        """Return the rows of idempotency keys as columns."""
        hashes = [self._hashes(each.key) for each in appends]
        return (
            byte_texts(key for key, _ in hashes),
            byte_texts(content for _, content in hashes),
            array(each.stream for each in appends),
            array(str(each.expected_version) for each in appends),
            array(str(len(each.events)) for each in appends),
            texts(texts(each.warnings) for each in appends),
        )

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
            return self._outcome(key)
        one = StreamAppend(
            stream=stream,
            events=(),
            expected_version=expected_version,
            key=key,
            warnings=warnings,
        )
        return _recorded(one, events, [index for index, _ in places])

    def _claim(self, cursor: Cursor[Any], key: CommandKey, outcome: tuple[object, ...]) -> bool:
        """Insert the idempotency key of the command; False if it was recorded before."""
        cursor.execute(_CLAIM, (*self._hashes(key), *outcome))
        return cursor.rowcount == 1

    def _outcome(self, key: CommandKey) -> CommandOutcome | None:
        """Return what the command with this key recorded; None if it was not recorded."""
        hashed, content = self._hashes(key)
        with self._writer.connection() as connection:
            rows = connection.execute(_LOOK, (array(()), byte_texts([hashed]))).fetchall()
        return _outcome(rows, content)

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


class _NotTogether(Exception):
    """Some appends cannot be recorded in one transaction."""


def _view(
    stream: StreamId, rows: Sequence[dict[str, Any]], keys: Sequence[dict[str, Any]], content: bytes
) -> StreamView | StreamOfOtherKind | ValueError:
    try:
        history = tuple(_stream_event(stream, row) for row in rows)
    except (StreamOfOtherKind, ValueError) as error:
        return error
    return StreamView(history=history, earlier=_outcome(keys, content))


def _outcome(rows: Sequence[dict[str, Any]], content: bytes) -> CommandOutcome | None:
    """Return what a command recorded: the rows are its key with each of its events."""
    if not rows:
        return None
    key = rows[0]
    return CommandOutcome(
        stream=StreamId(key["stream"]),
        version=key["before"] + key["events"],
        events=tuple(
            EventPlace(
                index=row["index"],
                event_id=EventId(row["event_id"]),
                topic=row["topic"],
                version=row["version"],
            )
            for row in rows
            if row["index"] is not None
        ),
        repeated=True,
        same_content=bytes(key["content"]) == content,
        warnings=tuple(key["warnings"]),
    )


def _recorded(
    one: StreamAppend, events: Sequence[NewEvent], indexes: Sequence[int]
) -> CommandOutcome:
    """Return the outcome of a command whose events are in the log."""
    places = enumerate(zip(events, indexes, strict=True), start=one.expected_version + 1)
    return CommandOutcome(
        stream=one.stream,
        version=one.expected_version + len(events),
        events=tuple(
            EventPlace(
                index=index,
                event_id=EventId(event.columns.event_id),
                topic=event.topic,
                version=version,
            )
            for version, (event, index) in places
        ),
        warnings=one.warnings,
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
_RECORD_ALL: Final = SQL(
    "select id from es.record_commands(%s::bytea[], %s::bytea[], %s::uuid[], %s::bigint[],"
    " %s::integer[], %s::text[], %s::uuid[], %s::bigint[], {}, %s)"
).format(SQL(PARAMETERS))
_LOOK: Final = "select * from es.look(%s::uuid[], %s::bytea[])"
_ACTOR: Final = "select actor::text from es.event where event_id = %s"
