"""What a table of a read model is: columns with their meaning, and how rows get in.

A column says what it is for: *content* is a function of the set of statements, and the digest
covers it; *arrival* depends on when and how they came, and the digest leaves it out; *sealed* holds
copies of sealed segments, *segments* those of the row's own event, and the digest covers what is in
them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from struct import pack
from typing import Any, Final, Literal, TypeAlias

from psycopg import Connection, sql
from psycopg.adapt import Dumper
from psycopg.postgres import types
from psycopg.pq import Format
from typing_extensions import override

Kind: TypeAlias = Literal["text", "bigint", "integer", "boolean", "timestamptz", "text[]"]
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

    @property
    def covered(self) -> bool:
        """Whether the digest covers it."""
        return self.role != "arrival"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a read model. ``comment`` says the grain: "One row per ..."."""

    name: str
    comment: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...] = ()
    published: bool = True
    order: tuple[str, ...] = ()  # that does not depend on arrival, where the key does

    @property
    def ranked(self) -> tuple[str, ...]:
        """The columns of its canonical order."""
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
    connection.execute(sql.SQL("create table {} ({})").format(table.at(schema), columns))
    connection.execute(
        sql.SQL("comment on table {} is {}").format(table.at(schema), sql.Literal(table.comment))
    )
    for column in table.columns:
        name = sql.Identifier(schema, table.name, column.name)
        connection.execute(
            sql.SQL("comment on column {} is {}").format(name, sql.Literal(column.comment))
        )
        if column.role in {"sealed", "segments"} or column.name == "core":
            # base64 does not compress: out of line at once, and never through a compressor.
            connection.execute(
                sql.SQL("alter table {} alter column {} set storage external").format(
                    table.at(schema), sql.Identifier(column.name)
                )
            )


def index(connection: Connection[Any], schema: str, table: Table) -> None:
    """Add the primary key and the indexes; cheap after a load, dear before it."""
    connection.execute(
        sql.SQL("alter table {} add primary key ({})").format(table.at(schema), _list(table.key))
    )
    for columns in table.indexes:
        connection.execute(
            sql.SQL("create index on {} ({})").format(table.at(schema), _list(columns))
        )


def load(connection: Connection[Any], schema: str, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows by COPY: the one way in, live and in a rebuild."""
    if not rows:
        return
    places, kinds = _columns(table)
    if not all(map(_is_storable, _texts_in(rows, places))):
        rows = [tuple(map(_storable, row)) for row in rows]
    with connection.cursor() as cursor:
        cursor.adapters.register_dumper(tuple, _Texts)
        with cursor.copy(_copying(schema, table.name, table.names)) as copy:
            copy.set_types(kinds)
            for row in rows:
                copy.write_row(row)


@lru_cache(maxsize=64)
def _copying(schema: str, name: str, columns: tuple[str, ...]) -> bytes:
    return (
        sql.SQL("copy {} ({}) from stdin (format binary)")
        .format(sql.Identifier(schema, name), _list(columns))
        .as_bytes(None)
    )


@lru_cache(maxsize=64)
def _columns(table: Table) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Return where text stands in a row, and the types of all columns."""
    kinds = tuple(column.kind for column in table.columns)
    return tuple(place for place, kind in enumerate(kinds) if kind == "text"), kinds


def _texts_in(rows: Sequence[Row], places: Iterable[int]) -> Iterator[str]:
    """Return all text of each column as one."""
    columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True))
    return ("".join(filter(None, columns[place])) for place in places)


def _is_storable(text: str) -> bool:
    """Tell whether PostgreSQL can hold a text: no NUL, no half of a surrogate pair."""
    if "\0" in text:
        return False
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def _storable(value: object) -> object:
    """Return a value without NUL and halves of surrogate pairs, which no text can hold."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    return value


class _Texts(Dumper):
    """Writes arrays of text; most are empty, and psycopg's own takes long over these."""

    format = Format.BINARY
    oid = _OID_OF_TEXTS

    @override
    def dump(self, obj: Sequence[str]) -> bytes:
        return _array(tuple(obj))


@lru_cache(maxsize=1024)
def _array(items: tuple[str, ...]) -> bytes:
    """Return an array as ``array_recv`` of PostgreSQL takes it."""
    if not items:
        return _NO_DIMENSION
    raw = [str(_storable(item)).encode() for item in items]
    head = pack("!iiiii", 1, 0, _OID_OF_TEXT, len(raw), 1)
    return head + b"".join(pack("!i", len(item)) + item for item in raw)


def _list(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))
