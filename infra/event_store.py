"""The event store: received messages, their events, keys and idempotency keys in one transaction.

Locks are taken in one order, each class sorted, so that writers never wait in a circle: idempotency
keys, rows of earlier messages, keys of subjects, the append lock.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import Any, Final

import psycopg
from eventsourcing.persistence import (
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
)
from psycopg import Connection, Cursor
from typing_extensions import override

from commands.ports import (
    CannotStore,
    Disposition,
    Draft,
    MessageLog,
    Outcome,
    Received,
    StoreUnavailable,
    StreamConflict,
)
from domain.body import Actor
from domain.events import BodyDoesNotHold, make_body
from domain.ids import DEVELOPMENT_KEY, IdKey, RecordId
from infra import clock, received
from infra.event_log import EventLog
from infra.keys import Claim, Keys, intake_subject
from infra.postgres import Datastore, pool, reachable, settings
from infra.recorder import SCHEMA, CareRecorder, Columns, NewEvent, UnsafeFunctions

__all__ = [
    "CareRecorder",
    "CareStore",
    "DevelopmentKey",
    "UnsafeFunctions",
    "WrongIdKey",
    "open_store",
]


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


class CareStore(EventLog, MessageLog):
    """What is kept, for ever: see ``EventLog`` for reading it."""

    def __init__(
        self,
        recorder: CareRecorder,
        log: EventLog,
        *,
        keys: Keys,
        tenant: str,
    ) -> None:
        super().__init__(log.connections, incarnation=log.incarnation)
        self._recorder = recorder
        self._keys = keys
        self._tenant = tenant

    @override
    def record(self, messages: Sequence[Received]) -> list[Outcome]:
        if not messages:
            return []
        alike = dict[bytes, list[Received]]()
        for each in messages:
            alike.setdefault(each.key, []).append(each)
        with self._transaction() as (connection, claims):
            claimed = received.claim_keys(connection.cursor(), [same[0] for same in alike.values()])
            again = [
                received.Again(key, len(same), same[0].message_id, same[-1].message_id)
                for key, same in alike.items()
                if key not in claimed
            ]
            outcomes = received.count_duplicates(connection, again) if again else {}
            fresh = [same for key, same in alike.items() if key in claimed]
            appending = connection.cursor()
            rows = self._file(connection, appending, fresh, claims)
        indexes = [row["id"] for row in appending] if any(row.events for row in rows) else []
        outcomes |= {row.message.key: row.outcome(indexes) for row in rows}
        return [_answer(each, outcomes[each.key]) for each in messages]

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
        try:
            with self._transaction() as (connection, claims):
                subjects = {one for each in drafts for one in each.subjects}
                subjects |= {one.subject for each in drafts for one in each.segments}
                claim = self._keys.claim(connection.cursor(), subjects)
                claims.append(claim)
                events = [
                    replace(
                        _event(each, claim, self._beside(each, actor=actor, cause=cause)),
                        version=version,
                    )
                    for version, each in enumerate(drafts, start=expected_version + 1)
                ]
                return [index for index, _ in self._recorder.append(connection.cursor(), events)]
        except CannotStore as error:
            if error.reason == _REASONS[IntegrityError]:
                raise StreamConflict(stream, expected_version) from error
            raise

    def keep_profile(self, version: str, *, name: str, content: str) -> None:
        """Keep a version of a sender's profile, before anything is recorded that names it."""
        with reachable(), self.connections.connection() as connection:
            connection.execute(
                "insert into intake.profile (version, name, content) values (%s, %s, %s)"
                " on conflict do nothing",
                (version, name, content),
            )

    def _file(
        self,
        connection: Connection[Any],
        appending: Cursor[Any],
        fresh: Sequence[Sequence[Received]],
        claims: list[Claim],
    ) -> list[received.Row]:
        """Seal and insert messages and their events; each comes with its repetitions."""
        if not fresh:
            return []
        nobody = (intake_subject(clock.now()),)
        messages = [same[0] for same in fresh]
        named = [_named(each) or nobody for each in messages]
        drafts = [one for each in messages for one in each.drafts]
        claim = self._keys.claim(
            connection.cursor(),
            {one for each in named for one in each}
            | {one.subject for each in drafts for one in each.segments},
        )
        claims.append(claim)
        boxes = [
            claim.seal_message(each.raw, message_id=each.message_id, subjects=subjects)
            for each, subjects in zip(messages, named, strict=True)
        ]
        events = [
            [_event(one, claim, self._stated(each, one)) for one in each.drafts]
            if each.disposition is Disposition.RECORDED
            else []
            for each in messages
        ]
        ends = list(accumulate(map(len, events), initial=0))
        rows = [
            received.Row(
                message=same[0],
                box=box,
                sealed_for=subjects,
                events=range(start, end),
                duplicates=len(same) - 1,
                last_duplicate=same[-1].message_id if same[1:] else None,
            )
            for same, subjects, box, (start, end) in zip(
                fresh, named, boxes, pairwise(ends), strict=True
            )
        ]
        if ends[-1]:
            self._recorder.send(appending, [one for own in events for one in own])
        received.insert(connection.cursor(), rows, events=ends[-1])
        return rows

    def _stated(self, message: Received, draft: Draft) -> Columns:
        beside = self._beside(draft, actor=message.actor, cause="")
        return replace(
            beside,
            correlation=message.message_id,
            message_id=message.message_id,
            mapping_version=message.mapping_version,
            profile_version=message.profile_version,
        )

    def _beside(self, draft: Draft, *, actor: Actor, cause: str) -> Columns:
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
    def _transaction(self) -> Iterator[tuple[Connection[Any], list[Claim]]]:
        """Run one transaction in a pipeline; keys claimed in it are settled as it ends.

        Whoever needs an answer waits for it by fetching. Appending, what follows it and ``commit``
        travel together, so that the append lock is not held while a client is scheduled. Each
        statement has a cursor of its own.
        """
        claims = list[Claim]()
        try:
            with self._recorder.datastore.get_connection() as connection:
                try:
                    with connection.pipeline() as pipeline:
                        connection.execute("begin")
                        yield connection, claims
                        connection.execute("commit")
                        pipeline.sync()
                finally:
                    if not connection.broken:
                        connection.rollback()
        except (BodyDoesNotHold, DataError, IntegrityError, UnicodeEncodeError) as error:
            self._settle(claims, committed=False)
            # Without its cause, whose text quotes values.
            raise CannotStore(_REASONS[type(error)]) from None
        except (InterfaceError, OperationalError, InternalError) as error:
            if isinstance(error.__cause__, psycopg.errors.ProgramLimitExceeded):
                # Such as a text too long for an index: no retry will ever shorten it.
                self._settle(claims, committed=False)
                raise CannotStore("too_large") from None
            # What broke one connection broke the others too: replace them all before the next use.
            self._recorder.datastore.pool.check()
            raise StoreUnavailable(type(error).__name__) from error
        self._settle(claims, committed=True)

    def _settle(self, claims: Sequence[Claim], *, committed: bool) -> None:
        for each in claims:
            self._keys.settle(each, committed=committed)


def _event(draft: Draft, claim: Claim, columns: Columns) -> NewEvent:
    sealed = [
        claim.seal(each, event_id=draft.event_id, topic=draft.topic) for each in draft.segments
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
    url: str, *, id_key: IdKey, keys: Keys, tenant: str = "default", external: bool = False
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
    if external and id_key.secret == DEVELOPMENT_KEY:
        raise DevelopmentKey(
            "a database outside the home needs an id key of your own: CARETRAIL_ID_KEY, 64 hex"
            " digits, such as `openssl rand -hex 32` gives; keep it, for it never changes"
        )
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
    if fingerprint != id_key.fingerprint():
        raise WrongIdKey(
            "this store was made with another id key: set CARETRAIL_ID_KEY to the one it was made"
            " with; ids derived with this one would not match those it holds"
        )
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
