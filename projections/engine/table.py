"""Tables of read models: columns with their meaning, and how rows are written.

Each column has a role:

- *content* is a function of the set of events. The digest covers it.
- *arrival* depends on when and how the events came. The digest leaves it out.
- *sealed* holds copies of sealed segments, *segments* holds those of the row's own event. The
  digest covers the text in them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from struct import pack
from typing import Any, Final, Literal, LiteralString, TypeAlias

from psycopg import Connection, sql
from psycopg.adapt import Dumper
from psycopg.postgres import types
from psycopg.pq import Format
from typing_extensions import override

from projections.engine.arrays import array, instants, texts

Kind: TypeAlias = Literal["text", "bigint", "integer", "boolean", "timestamptz", "date", "text[]"]
Role: TypeAlias = Literal["content", "arrival", "sealed", "segments"]
Row: TypeAlias = tuple[object, ...]

_OID_OF_TEXT: Final = types["text"].oid
_OID_OF_TEXTS: Final = types["text"].array_oid
_NO_DIMENSION: Final = pack("!iii", 0, 0, _OID_OF_TEXT)


@dataclass(frozen=True, slots=True)
class Column:
    """A column, its meaning, and whether analysts see it."""

    name: str
    kind: Kind
    comment: str
    role: Role = "content"
    required: bool = False
    published: bool = True
    external: bool = False  # text that does not compress: stored out of line, uncompressed

    @property
    def covered(self) -> bool:
        """Whether the digest covers the column."""
        return self.role != "arrival"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a read model. ``comment`` says the grain: "One row per ...".

    ``lists`` names columns of lists whose elements are indexed. Lists of one element are left out
    of the index: they are many, and another column has the first element.
    """

    name: str
    comment: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...] = ()
    #: Indexes of the few rows that fulfil a condition: columns and condition.
    partial_indexes: tuple[tuple[tuple[str, ...], LiteralString], ...] = ()
    lists: tuple[str, ...] = ()
    published: bool = True
    order: tuple[str, ...] = ()  # columns to order by in the digest, if the key is of arrival

    @property
    def canonical_order(self) -> tuple[str, ...]:
        """The columns by which the digest orders the rows."""
        return self.order or self.key

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def at(self, schema: str) -> sql.Identifier:
        """Return the name of this table in ``schema``, quoted."""
        return sql.Identifier(schema, self.name)


def create(connection: Connection[Any], schema: str, table: Table) -> None:
    """Create a table without key and indexes, with a comment on it and on every column."""
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}{}").format(
            sql.Identifier(column.name),
            sql.SQL(column.kind),
            sql.SQL(" not null" if column.required else ""),
        )
        for column in table.columns
    )
    statements = [
        sql.SQL("create table {} ({})").format(table.at(schema), columns),
        sql.SQL("comment on table {} is {}").format(table.at(schema), sql.Literal(table.comment)),
    ]
    for column in table.columns:
        name = sql.Identifier(schema, table.name, column.name)
        statements.append(
            sql.SQL("comment on column {} is {}").format(name, sql.Literal(column.comment))
        )
        if column.external or column.role in {"sealed", "segments"}:  # base64 does not compress
            statements.append(
                sql.SQL("alter table {} alter column {} set storage external").format(
                    table.at(schema), sql.Identifier(column.name)
                )
            )
    connection.execute(sql.SQL("; ").join(statements))  # at once: there are hundreds


def index(connection: Connection[Any], schema: str, table: Table) -> None:
    """Add the primary key and the indexes: after a load this is much cheaper than before it."""
    connection.execute(
        sql.SQL("alter table {} add primary key ({})").format(table.at(schema), names_of(table.key))
    )
    for columns in table.indexes:
        connection.execute(
            sql.SQL("create index on {} ({})").format(table.at(schema), names_of(columns))
        )
    for columns, condition in table.partial_indexes:
        connection.execute(
            sql.SQL("create index on {} ({}) where {}").format(
                table.at(schema), names_of(columns), sql.SQL(condition)
            )
        )
    for column in table.lists:
        connection.execute(
            sql.SQL("create index on {} using gin ({}) where cardinality({}) > 1").format(
                table.at(schema), sql.Identifier(column), sql.Identifier(column)
            )
        )


def load(connection: Connection[Any], schema: str, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows by COPY, live and in a rebuild."""
    if not rows:
        return
    places, kinds = _columns(table)
    if not all(map(_is_storable, _texts_in(rows, places))):
        rows = [tuple(map(storable, row)) for row in rows]
    with connection.cursor() as cursor:
        cursor.adapters.register_dumper(tuple, _TextArrayDumper)
        with cursor.copy(_copying(schema, table.name, table.names)) as copy:
            copy.set_types(kinds)
            for row in rows:
                copy.write_row(row)


def merge(
    connection: Connection[Any],
    schema: str,
    table: Table,
    rows: Sequence[Row],
    changes: Mapping[str, LiteralString],
) -> None:
    """Insert rows with different keys; change the row that is there if it has the same key.

    ``changes`` gives the new value of a column: see ``ByStream``.
    """
    if not rows:
        return
    query = _merging(schema, table, tuple(changes.items()))
    columns = zip(*rows, strict=True)
    connection.execute(
        query,
        [
            array_of(column.kind, values)
            for column, values in zip(table.columns, columns, strict=True)
        ],
    )


@lru_cache(maxsize=8)
def _merging(schema: str, table: Table, changes: tuple[tuple[str, LiteralString], ...]) -> bytes:
    by_column = dict(changes)
    changed = [name for name in table.names if name not in table.key]
    return (
        sql.SQL(
            "insert into {table} as kept ({columns}) select * from unnest({arrays})"
            " on conflict ({key}) do update set {changes}"
        )
        .format(
            table=table.at(schema),
            columns=names_of(table.names),
            arrays=sql.SQL(", ").join(sql.SQL(f"%s::{column.kind}[]") for column in table.columns),
            key=names_of(table.key),
            changes=sql.SQL(", ").join(
                sql.SQL("{} = {}").format(
                    sql.Identifier(name),
                    sql.SQL(by_column[name])
                    if name in by_column
                    else sql.Identifier("excluded", name),
                )
                for name in changed
            ),
        )
        .as_bytes(None)
    )


def array_of(kind: Kind, values: Iterable[Any]) -> str:
    """Return the literal of an array of a column's values."""
    if kind == "timestamptz":
        return instants(values)
    if kind == "text":
        given = list(values)
        if None not in given:
            return texts(given)
        return array("null" if each is None else texts([each])[1:-1] for each in given)
    return array("null" if each is None else str(each) for each in values)


@lru_cache(maxsize=64)
def _copying(schema: str, name: str, columns: tuple[str, ...]) -> bytes:
    return (
        sql.SQL("copy {} ({}) from stdin (format binary)")
        .format(sql.Identifier(schema, name), names_of(columns))
        .as_bytes(None)
    )


@lru_cache(maxsize=64)
def _columns(table: Table) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Return the places of the text columns, and the types of all columns."""
    kinds = tuple(column.kind for column in table.columns)
    return tuple(place for place, kind in enumerate(kinds) if kind == "text"), kinds


def _texts_in(rows: Sequence[Row], places: Iterable[int]) -> Iterator[str]:
    """Return the text of each column, joined over all rows."""
    columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True))
    return ("".join(filter(None, columns[place])) for place in places)


def _is_storable(text: str) -> bool:
    """Tell whether PostgreSQL can store a text: no NUL, no half of a surrogate pair."""
    if "\0" in text:
        return False
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def storable(value: object) -> object:
    """Replace NUL and halves of surrogate pairs, which PostgreSQL cannot store in a text."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    return value


class _TextArrayDumper(Dumper):
    """Writes arrays of text. Most are empty, and the dumper of psycopg is slow for these."""

    format = Format.BINARY
    oid = _OID_OF_TEXTS

    @override
    def dump(self, obj: Sequence[str]) -> bytes:
        return _array(tuple(obj))


@lru_cache(maxsize=1024)
def _array(items: tuple[str, ...]) -> bytes:
    """Return an array in the binary form that ``array_recv`` of PostgreSQL reads."""
    if not items:
        return _NO_DIMENSION
    raw = [str(storable(item)).encode() for item in items]
    head = pack("!iiiii", 1, 0, _OID_OF_TEXT, len(raw), 1)
    return head + b"".join(pack("!i", len(item)) + item for item in raw)


def names_of(names: Iterable[str]) -> sql.Composed:
    """Return names of columns, quoted and separated by commas."""
    return sql.SQL(", ").join(map(sql.Identifier, names))
