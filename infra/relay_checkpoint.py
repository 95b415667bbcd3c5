"""Keep the relay's checkpoint and the generations of the topics in the database of the store.

The leading relay holds a session advisory lock. A session can end without its process noticing, so
the lock alone cannot keep two leaders apart. Therefore each new leader raises the epoch of the
checkpoint, and a leader with an older epoch cannot move it.
"""

from typing import Any, Final, LiteralString

import psycopg
from psycopg.rows import tuple_row

from commands.ports.store import StoreUnavailable
from commands.ports.topic import Checkpoint, Fenced, Mark
from infra.postgres import network

#: First half of the advisory lock ("care" in ASCII); the second half is a hash of the topic's name.
_LOCK: Final = 0x63617265
CHANNEL: Final = "es_event"  # every append sends a notification on it

_LEAD: LiteralString = """
insert into relay.checkpoint as c (topic, incarnation, epoch)
values (%s, %s, 1)
on conflict (topic) do update set epoch = c.epoch + 1
returning incarnation, topic_id, position, epoch, partitions, next_offsets, last_indexes
"""
_SAVE: LiteralString = """
update relay.checkpoint
set topic_id = %s, position = %s, partitions = %s, next_offsets = %s, last_indexes = %s,
    updated_at = now()
where topic = %s and epoch = %s
"""
_POSITION: LiteralString = "select position from relay.checkpoint where topic = %s"
_LAST: LiteralString = """
select partition, last_index
from relay.checkpoint, unnest(partitions, last_indexes) as mark (partition, last_index)
where topic = %s
"""


class RelayCheckpoints:
    """The checkpoint of one topic, on one connection: a ``commands.ports.topic.Checkpoints``."""

    def __init__(self, url: str, topic: str, *, channel: str = CHANNEL) -> None:
        self._url = url
        self._topic = topic
        self._channel = channel
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def lead(self, incarnation: str) -> Checkpoint | None:
        """Become the leader under a new epoch; return None if another relay leads.

        Raises:
            StoreUnavailable: The database did not answer.
        """
        try:
            connection = self._connected()
            locked = connection.execute(
                "select pg_try_advisory_lock(%s, hashtext(%s))", (_LOCK, self._topic)
            ).fetchone()
            if locked != (True,):
                self.resign()
                return None
            row = connection.execute(_LEAD, (self._topic, incarnation)).fetchone()
        except psycopg.Error as error:
            raise self._lost() from error
        if row is None:
            raise AssertionError("an upsert returns its row")
        kept_incarnation, topic_id, position, epoch, partitions, offsets, lasts = row
        return Checkpoint(
            incarnation=kept_incarnation,
            topic_id=topic_id,
            position=position,
            epoch=epoch,
            marks={
                partition: Mark(offset, last)
                for partition, offset, last in zip(partitions, offsets, lasts, strict=True)
            },
        )

    def save(self, checkpoint: Checkpoint) -> None:
        """Save the checkpoint if its epoch is still the newest.

        Raises:
            Fenced: Another relay has become the leader since.
            StoreUnavailable: The database did not answer; we are no longer the leader.
        """
        if self._connection is None:
            raise Fenced
        marks = checkpoint.marks
        try:
            saved = self._connection.execute(
                _SAVE,
                (
                    checkpoint.topic_id,
                    checkpoint.position,
                    list(marks),
                    [mark.next_offset for mark in marks.values()],
                    [mark.last for mark in marks.values()],
                    self._topic,
                    checkpoint.epoch,
                ),
            )
        except psycopg.Error as error:
            raise self._lost() from error
        if saved.rowcount != 1:
            raise Fenced

    def wait(self, seconds: float) -> None:
        """Return when an append is announced, or after ``seconds``.

        Raises:
            StoreUnavailable: The connection is lost, and the lock with it.
        """
        if self._connection is None:
            raise StoreUnavailable
        try:
            for _ in self._connection.notifies(timeout=seconds, stop_after=1):
                pass
        except psycopg.Error as error:
            raise self._lost() from error

    def position(self) -> int:
        """Return the index up to which the topic is complete, as the leader has saved it.

        Raises:
            StoreUnavailable: The database did not answer.
        """
        try:
            return published_position(self._connected(), self._topic)
        except psycopg.Error as error:
            raise self._lost() from error

    def resign(self) -> None:
        """End the session and release its lock, so that another relay can lead."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._connection is None:
            self._connection = psycopg.connect(
                **network(self._url), autocommit=True, row_factory=tuple_row
            )
            self._connection.execute(f'listen "{self._channel}"'.encode())
            # If a crash of the server loses the newest checkpoint, the older one is in force, and
            # the relay reads the topic from there. So commits need not wait for the disk.
            self._connection.execute("set synchronous_commit = off")
        return self._connection

    def _lost(self) -> StoreUnavailable:
        self.resign()
        return StoreUnavailable()


def published_position(connection: psycopg.Connection[Any], topic: str) -> int:
    """Return the index up to which ``topic`` is known to be complete; 0 before any checkpoint."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(_POSITION, (topic,)).fetchone()
    return 0 if row is None else row[0]


def published_last(connection: psycopg.Connection[Any], topic: str) -> dict[int, int]:
    """Return for each partition the index of the last event that ``topic`` is known to hold."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        return dict(cursor.execute(_LAST, (topic,)).fetchall())


def generation(connection: psycopg.Connection[Any], incarnation: str) -> int:
    """Return the generation of the topics that this incarnation of the store publishes to.

    The first incarnation begins generation 1. Any later incarnation gets the newest generation. If
    that generation belongs to another incarnation, the relay halts until an operator begins a new
    generation (``begin_generation``).
    """
    with connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(
            """
            insert into relay.generation (generation, incarnation)
            select 1, %s where not exists (select from relay.generation)
            on conflict do nothing
            """,
            (incarnation,),
        )
        row = cursor.execute("select max(generation) from relay.generation").fetchone()
    return int(row[0]) if row else 1


def newest_generation(url: str) -> int:
    """Return the newest generation of the topics; 1 if none has begun."""
    with psycopg.connect(**network(url), autocommit=True, row_factory=tuple_row) as connection:
        row = connection.execute("select max(generation) from relay.generation").fetchone()
    return int(row[0]) if row and row[0] else 1


def begin_generation(connection: psycopg.Connection[Any], incarnation: str) -> int:
    """Begin a new generation of the topics, and this new incarnation of the store.

    The store may have been set back, and then it gives some indexes a second time. A reader of the
    topics that knows events by incarnation and index takes none of these for a repeat.

    Returns:
        The number of the generation.
    """
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute("update es.store set incarnation = %s", (incarnation,))
        row = cursor.execute(
            """
            insert into relay.generation (generation, incarnation)
            select coalesce(max(generation), 0) + 1, %s from relay.generation
            returning generation
            """,
            (incarnation,),
        ).fetchone()
    return int(row[0]) if row else 1
