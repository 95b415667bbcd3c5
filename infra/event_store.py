"""The event store: received messages, their events, keys and idempotency keys in one transaction.

Locks are taken in one order, each class sorted, so that writers never wait in a circle: keys of
subjects, idempotency keys, the append lock. Resends are counted in a transaction of their own.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import psycopg
from eventsourcing.persistence import (
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
)
from psycopg import Connection
from typing_extensions import override

from commands.ports.intake import Disposition, Draft, MessageLog, Outcome, Received
from commands.ports.store import CannotStore, StoreUnavailable
from commands.ports.streams import StreamConflict
from domain.body import Actor
from domain.encoding import BodyDoesNotHold, make_body
from domain.ids import DEVELOPMENT_KEY, IdKey, RecordId
from infra import clock, received_messages
from infra.event_log import EventLog
from infra.postgres import Datastore, pool, reachable, settings
from infra.received_messages import BatchResult, NewMessage, SealedMessage
from infra.recorder import SCHEMA, CareRecorder, Columns, NewEvent, UnsafeFunctions
from infra.subject_keys import SealingKeys, SubjectKeys, intake_subject, take_keys

__all__ = [
    "CareRecorder",
    "CareStore",
    "DevelopmentKey",
    "UnsafeFunctions",
    "WrongIdKey",
    "open_store",
    "refuse_development_key",
    "refuse_other_id_key",
]


#: How often other writers may be first with a message or a subject's key.
_ROUNDS: Final = 10
#: Stable codes of why a message cannot be stored.
_REASONS: Final[Mapping[type[Exception], str]] = {
    BodyDoesNotHold: "statement_invalid",
    DataError: "value_not_storable",
    IntegrityError: "conflicts_with_stored",
    UnicodeEncodeError: "value_not_storable",
}


class WrongIdKey(Exception):
    """The store was made with another id key: ids would not match those it holds."""


class DevelopmentKey(Exception):
    """The documented key of development was given for a database outside the home."""


class CareStore(EventLog, MessageLog[SealedMessage]):
    """What is kept, for ever: see ``EventLog`` for reading it."""

    def __init__(
        self,
        recorder: CareRecorder,
        log: EventLog,
        *,
        keys: SubjectKeys,
        tenant: str,
    ) -> None:
        super().__init__(log.connections, incarnation=log.incarnation)
        self._recorder = recorder
        self._keys = keys
        self._tenant = tenant

    @override
    def prepare(self, message: Received, *, may_wait: bool = True) -> SealedMessage:
        subjects = _named(message) or (intake_subject(clock.now()),)
        keys = self._keys.for_sealing(
            {*subjects, *(one.subject for each in message.drafts for one in each.segments)},
            may_wait=may_wait,
        )
        events = message.drafts if message.disposition is Disposition.RECORDED else ()
        try:
            return SealedMessage(
                message,
                keys,
                keys.seal_message(message.raw, message_id=message.message_id, subjects=subjects),
                subjects,
                tuple(_event(each, keys, self._stated(message, each)) for each in events),
            )
        except tuple(_REASONS) as error:
            # Without its cause, whose text quotes values.
            raise CannotStore(_REASONS[type(error)]) from None

    @override
    def record(self, messages: Sequence[SealedMessage]) -> list[Outcome]:
        alike = dict[bytes, list[SealedMessage]]()
        for each in messages:
            alike.setdefault(each.message.key, []).append(each)
        outcomes = dict[bytes, Outcome]()
        fresh = alike
        for _ in range(_ROUNDS):
            if not fresh:
                break
            result = self._record_new(fresh)
            if result.known:
                again = [
                    received_messages.Resend(
                        key, len(same), same[0].message_id, same[-1].message_id
                    )
                    for key, prepared in fresh.items()
                    if key in result.known and (same := [each.message for each in prepared])
                ]
                outcomes |= self._count(again)
            if result.taken:
                self._keys.adopt(result.taken)
                fresh = {
                    key: [self.prepare(each.message) for each in same]
                    for key, same in fresh.items()
                }
            outcomes |= result.outcomes
            fresh = {key: same for key, same in fresh.items() if key not in outcomes}
        if fresh:
            raise StoreUnavailable("OthersWereFirst")
        return [_answer(each.message, outcomes[each.message.key]) for each in messages]

    def append(
        self, drafts: Sequence[Draft], *, expected_version: int, actor: Actor, cause: str = ""
    ) -> list[int]:
        """Append what we decided ourselves to one stream, and return the indexes.

        Raises:
            StreamConflict: The stream is at another version; nothing was appended.
            CannotStore: See ``record``.
            StoreUnavailable: See ``record``.
        """
        stream = drafts[0].subjects[0]
        if expected_version and not self._has(stream, expected_version):
            raise StreamConflict(stream, expected_version)
        subjects = {one for each in drafts for one in each.subjects}
        subjects |= {one.subject for each in drafts for one in each.segments}
        for _ in range(_ROUNDS):
            keys = self._keys.for_sealing(subjects)
            try:
                events = [
                    replace(
                        _event(each, keys, self._decided(each, actor=actor, cause=cause)),
                        version=version,
                    )
                    for version, each in enumerate(drafts, start=expected_version + 1)
                ]
                appended = self._append(events, keys.proposed())
            except BodyDoesNotHold:
                raise CannotStore(_REASONS[BodyDoesNotHold]) from None
            except CannotStore as error:
                if error.reason == _REASONS[IntegrityError]:
                    raise StreamConflict(stream, expected_version) from error
                raise
            if appended is not None:
                return appended
        raise StoreUnavailable("OthersWereFirst")

    def keep_profile(self, version: str, *, name: str, content: str) -> None:
        """Keep a version of a sender's profile, before anything is recorded that names it."""
        with reachable(), self.connections.connection() as connection:
            connection.execute(
                "insert into intake.profile (version, name, content) values (%s, %s, %s)"
                " on conflict do nothing",
                (version, name, content),
            )

    def _record_new(self, fresh: Mapping[bytes, Sequence[SealedMessage]]) -> BatchResult:
        """Ask for messages, each with its repetitions, to be recorded."""
        batch = [
            NewMessage(same[0], len(same) - 1, same[-1].message.message_id if same[1:] else None)
            for same in fresh.values()
        ]
        proposed = dict[RecordId, int]()
        for each in batch:
            for subject, key_id in each.prepared.keys.proposed().items():
                if proposed.setdefault(subject, key_id) != key_id:
                    raise StoreUnavailable("KeysDiffer")  # else one of them would never open
        with self._connection() as connection:
            try:
                result = received_messages.insert(
                    connection, batch, proposed=proposed, tenant=self._tenant
                )
            except psycopg.errors.SerializationFailure:
                return BatchResult()  # another writer was first with one of them: look again
        if result.outcomes:
            self._keys.confirm(proposed)
        return result

    def _count(self, again: Sequence[received_messages.Resend]) -> dict[bytes, Outcome]:
        with self._connection() as connection, connection.transaction():
            return received_messages.count_duplicates(connection, again)

    def _append(
        self, events: Sequence[NewEvent], proposed: Mapping[RecordId, int]
    ) -> list[int] | None:
        """Append events, and give subjects the keys that these are sealed with; or learn others."""
        with self._connection() as connection:
            try:
                with connection.transaction(), connection.cursor() as cursor:
                    taken = take_keys(cursor, proposed)
                    appended = [] if taken else self._recorder.append(cursor, events)
            except psycopg.errors.SerializationFailure:
                return None
        if taken:
            self._keys.adopt(taken)
            return None
        self._keys.confirm(proposed)
        return [index for index, _ in appended]

    def _stated(self, message: Received, draft: Draft) -> Columns:
        return Columns(
            event_id=draft.event_id,
            subjects=draft.subjects,
            tenant=self._tenant,
            actor=message.actor,
            facility=draft.facility,
            happened_at=draft.happened_at,
            correlation=message.message_id,
            message_id=message.message_id,
            mapping_version=message.mapping_version,
            profile_version=message.profile_version,
        )

    def _decided(self, draft: Draft, *, actor: Actor, cause: str) -> Columns:
        return Columns(
            event_id=draft.event_id,
            subjects=draft.subjects,
            tenant=self._tenant,
            actor=actor,
            facility=draft.facility,
            happened_at=draft.happened_at,
            cause=cause,
        )

    def _has(self, stream: RecordId, version: int) -> bool:
        # The table only refuses a version that is taken; one too far ahead would leave a gap.
        with reachable(), self.connections.connection() as connection:
            found = connection.execute(
                "select from es.event where originator_id = %s and originator_version = %s",
                (stream, version),
            )
            return found.rowcount > 0

    @contextmanager
    def _connection(self) -> Iterator[Connection[Any]]:
        """Give a connection in autocommit, and translate errors of the driver."""
        try:
            with self._recorder.datastore.get_connection() as connection:
                yield connection
        except (DataError, IntegrityError, UnicodeEncodeError) as error:
            # Without its cause, whose text quotes values.
            raise CannotStore(_REASONS[type(error)]) from None
        except (InterfaceError, OperationalError, InternalError) as error:
            if isinstance(error.__cause__, psycopg.errors.ProgramLimitExceeded):
                # Such as a text too long for an index: no retry will ever shorten it.
                raise CannotStore("too_large") from None
            # What broke one connection broke the others too: replace them all before the next use.
            self._recorder.datastore.pool.check()
            raise StoreUnavailable(type(error).__name__) from error


def _event(draft: Draft, keys: SealingKeys, columns: Columns) -> NewEvent:
    sealed = [
        keys.seal(each, event_id=draft.event_id, topic=draft.topic) for each in draft.segments
    ]
    return NewEvent(
        stream=draft.subjects[0],
        topic=draft.topic,
        body=make_body(draft.core, sealed),
        columns=columns,
    )


def _named(message: Received) -> tuple[RecordId, ...]:
    """Return everybody a message names, in order; nobody where nothing was read from it."""
    return tuple(dict.fromkeys(one for each in message.drafts for one in each.subjects))


def _answer(message: Received, outcome: Outcome) -> Outcome:
    if message.message_id == outcome.message_id:
        return outcome
    return replace(outcome, disposition=Disposition.DUPLICATE)


#: Connections that one process may hold to write, and as many to read.
CONNECTIONS: Final = 4


@contextmanager
def open_store(
    url: str, *, id_key: IdKey, keys: SubjectKeys, tenant: str = "default", external: bool = False
) -> Iterator[CareStore]:
    """Open the store of a migrated database; a new one becomes the store of this id key.

    Args:
        url: A connection string or URL.
        id_key: What ids are derived with.
        keys: What seals.
        tenant: Stands on every event.
        external: The database is not the one in the home: the development key is refused.

    Raises:
        WrongIdKey: The store was made with another id key.
        DevelopmentKey: See ``external``.
        StoreUnavailable: The database does not answer.
    """
    refuse_development_key(id_key, external=external)
    with reachable(), psycopg.connect(**settings(url, name="opening")) as connection:
        connection.execute(
            "insert into es.store (incarnation, id_key_fingerprint) values (%s, %s)"
            " on conflict do nothing",
            (clock.new_id(), id_key.fingerprint()),
        )
        row = connection.execute(
            "select incarnation::text, id_key_fingerprint from es.store"
        ).fetchone()
    incarnation, fingerprint = row or ("", "")
    refuse_other_id_key(id_key, fingerprint)
    with (
        pool(url, name="reader", size=CONNECTIONS) as connections,
        Datastore(url, schema=SCHEMA, size=CONNECTIONS) as datastore,
    ):
        try:
            recorder = CareRecorder(datastore)
        except OperationalError as error:
            raise StoreUnavailable(type(error).__name__) from error
        log = EventLog(connections, incarnation=incarnation)
        yield CareStore(recorder, log, keys=keys, tenant=tenant)


def refuse_development_key(id_key: IdKey, *, external: bool) -> None:
    """Refuse the documented key of development for a database outside the home.

    Raises:
        DevelopmentKey: It was given for one.
    """
    if external and id_key.secret == DEVELOPMENT_KEY:
        raise DevelopmentKey(
            "a database outside the home needs an id key of your own: CARETRAIL_ID_KEY, 64 hex"
            " digits, such as `openssl rand -hex 32` gives; keep it, for it never changes"
        )


def refuse_other_id_key(id_key: IdKey, fingerprint: str) -> None:
    """Refuse an id key that is not the one with this fingerprint.

    Raises:
        WrongIdKey: It is another key.
    """
    if fingerprint != id_key.fingerprint():
        raise WrongIdKey(
            "this store was made with another id key: set CARETRAIL_ID_KEY to the one it was made"
            " with; ids derived with this one would not match those it holds"
        )
