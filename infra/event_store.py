"""The event store: received messages, their events, keys and idempotency keys in one transaction.

Every writer takes its locks in the same order, so that writers cannot wait for each other in a
circle: the keys of subjects (sorted), the idempotency keys (sorted), the append lock. Resends are
counted in a transaction of their own. A later reading of a message locks the row of the message
in place of an idempotency key.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Final

import psycopg
from eventsourcing.persistence import (
    OperationalError,
)
from typing_extensions import override

from commands.ports.intake import Disposition, IncomingMessage, MessageLog, MessageOutcome
from commands.ports.store import CannotStore, StoreUnavailable
from domain.ids import DEVELOPMENT_KEY, IdKey, RecordId
from infra import clock, received_messages
from infra.event_log import EventLog
from infra.message_readings import RecordedReadings
from infra.own_streams import RecordedStreams
from infra.postgres import Datastore, pool, reachable, settings
from infra.received_messages import BatchResult, NewMessage, SealedMessage, sealed_drafts
from infra.recorder import SCHEMA, CareRecorder, UnsafeFunctions
from infra.store_writer import REASONS, ROUNDS, StoreWriter
from infra.subject_keys import SubjectKeys, intake_subject

__all__ = [
    "CareRecorder",
    "CareStore",
    "DevelopmentKey",
    "UnsafeFunctions",
    "WrongIdKey",
    "id_key_fingerprint",
    "open_store",
    "refuse_development_key",
    "refuse_other_id_key",
]


class WrongIdKey(Exception):
    """The store was made with another id key, so new ids would not match the stored ones."""


class DevelopmentKey(Exception):
    """A database outside the home has no id key of its own, or the documented development key."""

    def __init__(self) -> None:
        super().__init__(
            "a database outside the home needs an id key of your own: CARETRAIL_ID_KEY, 64 hex"
            " digits, such as `openssl rand -hex 32` prints; keep the key, it must never change"
        )


class CareStore(EventLog, MessageLog[SealedMessage]):
    """Records messages and reads the log.

    ``streams`` are the own streams of the store, and ``readings`` the later readings of messages.
    """

    def __init__(self, writer: StoreWriter, log: EventLog, *, streams: RecordedStreams) -> None:
        super().__init__(log.connections, incarnation=log.incarnation)
        self.streams = streams
        self.readings = RecordedReadings(writer)
        self._writer = writer

    @override
    def prepare(self, message: IncomingMessage, *, may_wait: bool = True) -> SealedMessage:
        subjects = _named(message) or (intake_subject(clock.now()),)
        keys = self._writer.keys.for_sealing(
            {*subjects, *(one.subject for each in message.drafts for one in each.segments)},
            may_wait=may_wait,
        )
        recorded = message.disposition is Disposition.RECORDED
        try:
            return SealedMessage(
                message,
                keys,
                keys.seal_message(message.raw, message_id=message.message_id, subjects=subjects),
                subjects,
                sealed_drafts(message, keys, tenant=self._writer.tenant) if recorded else (),
            )
        except tuple(REASONS) as error:
            # The cause is left out, because its text quotes values.
            raise CannotStore(REASONS[type(error)]) from None

    @override
    def record(self, messages: Sequence[SealedMessage]) -> list[MessageOutcome]:
        alike = dict[bytes, list[SealedMessage]]()
        for each in messages:
            alike.setdefault(each.message.key, []).append(each)
        outcomes = dict[bytes, MessageOutcome]()
        fresh = alike
        for _ in range(ROUNDS):
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
                self._exchange_proposed_keys(each for key in result.known for each in fresh[key])
            if result.taken:
                self._writer.keys.adopt(result.taken)
                fresh = {
                    key: [self.prepare(each.message) for each in same]
                    for key, same in fresh.items()
                }
            outcomes |= result.outcomes
            fresh = {key: same for key, same in fresh.items() if key not in outcomes}
        if fresh:
            raise StoreUnavailable("OthersWereFirst")
        return [_answer(each.message, outcomes[each.message.key]) for each in messages]

    def keep_profile(self, version: str, *, name: str, content: str) -> None:
        """Keep a version of a sender's profile, before a recorded message names the version."""
        with reachable(), self.connections.connection() as connection:
            connection.execute(
                "insert into intake.profile (version, name, content) values (%s, %s, %s)"
                " on conflict do nothing",
                (version, name, content),
            )

    def _record_new(self, fresh: Mapping[bytes, Sequence[SealedMessage]]) -> BatchResult:
        """Record new messages, each with its repetitions in the batch."""
        batch = [
            NewMessage(same[0], len(same) - 1, same[-1].message.message_id if same[1:] else None)
            for same in fresh.values()
        ]
        proposed = dict[RecordId, int]()
        for each in batch:
            for subject, key_id in each.prepared.keys.proposed().items():
                if proposed.setdefault(subject, key_id) != key_id:
                    raise StoreUnavailable("KeysDiffer")  # one of the messages would never open
        with self._writer.connection() as connection:
            try:
                result = received_messages.insert(
                    connection, batch, proposed=proposed, tenant=self._writer.tenant
                )
            except psycopg.errors.SerializationFailure:
                return BatchResult()  # another writer recorded one of them first: look again
        if result.outcomes:
            self._writer.keys.confirm(proposed)
        return result

    def _count(self, again: Sequence[received_messages.Resend]) -> dict[bytes, MessageOutcome]:
        with self._writer.connection() as connection, connection.transaction():
            return received_messages.count_duplicates(connection, again)

    def _exchange_proposed_keys(self, duplicates: Iterable[SealedMessage]) -> None:
        """Take the existing keys of the subjects of duplicates, so that proposed keys are unused.

        If the database does not answer, the proposed keys are lost; the messages are counted.
        """
        with suppress(StoreUnavailable):
            self._writer.keys.warm(one for each in duplicates for one in each.keys.proposed())


def _named(message: IncomingMessage) -> tuple[RecordId, ...]:
    """Return the subjects that a message names, in order; empty if no statement was read."""
    return tuple(dict.fromkeys(one for each in message.drafts for one in each.subjects))


def _answer(message: IncomingMessage, outcome: MessageOutcome) -> MessageOutcome:
    if message.message_id == outcome.message_id:
        return outcome
    return replace(outcome, disposition=Disposition.DUPLICATE)


#: The most connections that one process holds to write; it holds as many to read.
CONNECTIONS: Final = 4


@contextmanager
def open_store(
    url: str, *, id_key: IdKey, keys: SubjectKeys, tenant: str = "default", external: bool = False
) -> Iterator[CareStore]:
    """Open the store of a migrated database. A new store keeps the fingerprint of this id key.

    Args:
        url: The connection string or URL of the database.
        id_key: The key that ids are derived with.
        keys: The keys that seal segments and messages.
        tenant: The tenant of every event that is recorded.
        external: Whether the database is outside the home. The development key is then refused.

    Raises:
        WrongIdKey: The store was made with another id key.
        DevelopmentKey: The database is outside the home and the id key is the documented one.
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
        writer = StoreWriter(recorder, keys=keys, tenant=tenant)
        yield CareStore(writer, log, streams=RecordedStreams(writer, id_key=id_key))


def id_key_fingerprint(url: str) -> str | None:
    """Return the fingerprint of the key that the store was made with; None: no store yet.

    Raises:
        StoreUnavailable: The database does not answer.
    """
    with reachable(), psycopg.connect(**settings(url, name="opening")) as connection:
        there = connection.execute("select to_regclass('es.store') is not null").fetchone()
        if there != (True,):
            return None
        row = connection.execute("select id_key_fingerprint from es.store").fetchone()
    return str(row[0]) if row else None


def refuse_development_key(id_key: IdKey, *, external: bool) -> None:
    """Refuse the documented key of development for a database outside the home.

    Raises:
        DevelopmentKey: The database is outside the home and the key is the documented one.
    """
    if external and id_key.secret == DEVELOPMENT_KEY:
        raise DevelopmentKey


def refuse_other_id_key(id_key: IdKey, fingerprint: str) -> None:
    """Refuse an id key that does not have this fingerprint.

    Raises:
        WrongIdKey: The id key has another fingerprint.
    """
    if fingerprint != id_key.fingerprint():
        raise WrongIdKey(
            "this store was made with another id key: put its file keys/id.key back, or set"
            " CARETRAIL_ID_KEY to that key; ids derived with the present key would not match the"
            " stored ones"
        )
