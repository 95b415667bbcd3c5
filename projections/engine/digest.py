"""A hash over the content of a projection, which does not depend on when its events arrived.

The digest covers every content column of every table, in canonical order, and the plaintext of the
sealed segments. It covers no ciphertext, nonce, commitment or key, and it leaves out the columns
that depend on arrival: recorded-at, positions, ids of messages and events, the actor.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import groupby
from typing import Any, Final, TypeAlias

import msgspec
from psycopg import Connection, sql
from psycopg.pq import TransactionStatus

from projections.engine import generations
from projections.engine.copies import CopiedSegment, read_copies
from projections.engine.decoding import decode_sealed
from projections.engine.projection_list import ProjectionList
from projections.engine.services import Opener
from projections.engine.table import Column, Table

#: Rows fetched at a time. Memory does not grow with the table.
_FETCHED: Final = 2_000

_Fetched: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """The number of rows of a projection, and the hash over their content."""

    rows: int
    sha256: str


class RowDoesNotOpen(Exception):
    """A sealed segment of a row does not open. The key of the row is no secret."""

    def __init__(self, *, table: str, key: tuple[object, ...]) -> None:
        self.table = table
        self.key = key
        super().__init__(f"a sealed segment of {table} {key!r} does not open")


def digest(
    connection: Connection[Any],
    projections: ProjectionList,
    opener: Opener,
    names: Iterable[str] = (),
) -> dict[str, Digest]:
    """Return the digest of each projection in ``names``, or of all, at one moment.

    If the caller is in a transaction, the digests are of the rows that this transaction sees.

    Raises:
        RowDoesNotOpen: A sealed segment does not open.
        UnknownProjection: There is no projection of that name.
        NeedsRebuild: See ``generations.fed``.
    """
    wanted = projections.named(names)
    alone = connection.info.transaction_status is TransactionStatus.IDLE
    with connection.transaction():
        if alone:
            connection.execute("set transaction isolation level repeatable read, read only")
        active = generations.fed(connection, projections).active
        return {
            one.name: digest_of(connection, active[one.name].schema, one.tables, opener)
            for one in wanted
        }


def digest_of(
    connection: Connection[Any], schema: str, tables: Iterable[Table], opener: Opener
) -> Digest:
    """Return the digest of the tables of one generation, in the transaction of the caller.

    An empty table adds nothing, so a table that a later release adds does not change the digest. A
    table whose columns are all of arrival adds nothing either.
    """
    whole = sha256()
    count = 0
    for table in tables:
        if not any(column.covered for column in table.columns):
            continue
        with closing(_rows(connection, schema, table)) as rows:
            for number, line in enumerate(_lines(rows, table, opener)):
                if number == 0:
                    whole.update(b"%s\n" % table.name.encode())
                whole.update(b"%s\n" % line)
                count += 1
    return Digest(rows=count, sha256=whole.hexdigest())


def _lines(rows: Iterable[_Fetched], table: Table, opener: Opener) -> Iterator[bytes]:
    """Return every row as a line of JSON, in an order that does not depend on arrival."""

    def place(row: _Fetched) -> tuple[object, ...]:
        return tuple(row[name] for name in table.canonical_order)

    for _, ties in groupby(rows, key=place):
        yield from sorted(_line(table, row, opener) for row in ties)


def _rows(
    connection: Connection[Any], schema: str, table: Table
) -> Generator[_Fetched, None, None]:
    kinds = {column.name: column.kind for column in table.columns}
    query = sql.SQL("select {} from {} order by {}").format(
        sql.SQL(", ").join(map(sql.Identifier, table.names)),
        table.at(schema),
        sql.SQL(", ").join(
            sql.SQL('{} collate "C"' if kinds[name] == "text" else "{}").format(
                sql.Identifier(name)
            )
            for name in table.canonical_order
        ),
    )
    with connection.cursor("digest", binary=True) as cursor:
        cursor.itersize = _FETCHED
        cursor.execute(query)
        for row in cursor:
            yield dict(zip(table.names, row, strict=True))


def _line(table: Table, row: _Fetched, opener: Opener) -> bytes:
    values = [_value(column, row, table, opener) for column in table.columns if column.covered]
    return msgspec.json.encode(values)


def _value(column: Column, row: _Fetched, table: Table, opener: Opener) -> object:
    value = row[column.name]
    if value is None:
        return None
    if column.role == "content":
        return value.astimezone(UTC) if isinstance(value, datetime) else value
    found: Sequence[CopiedSegment]
    if column.role == "segments":
        found = [
            CopiedSegment(row["event_id"], row["topic"], segment)
            for segment in decode_sealed(value)
        ]
    else:
        found = read_copies(value)
    try:
        opened = [
            (
                one.segment.segment,
                one.segment.subject,
                str(opener(one.segment, one.event_id, one.topic), "utf-8", "backslashreplace"),
            )
            for one in found
        ]
    except Exception as error:
        if isinstance(error, OSError):
            raise
        key = tuple(row[name] for name in table.key)
        raise RowDoesNotOpen(table=table.name, key=key) from error
    return sorted(opened)
