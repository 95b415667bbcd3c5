"""What a table of a read model is: columns with their meaning, and how rows get in.

A column says what it is for: *content* is a function of the set of statements, and the digest
covers it; *arrival* depends on when and how they came, and the digest leaves it out; *sealed* holds
copies of sealed segments, *segments* those of the row's own event, and the digest covers what is in
them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

import msgspec
from psycopg import Connection, sql

Kind: TypeAlias = Literal["text", "bigint", "integer", "boolean", "timestamptz", "text[]"]
Role: TypeAlias = Literal["content", "arrival", "sealed", "segments"]
Row: TypeAlias = tuple[object, ...]

#: Rows of one COPY are handed over in pieces of about this many.
_PIECE: Final = 500

_encode: Final = msgspec.json.Encoder().encode_lines
_encode_one: Final = msgspec.json.Encoder().encode


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
    statement = _copying(schema, table.name, table.names)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for start in range(0, len(rows), _PIECE):
            copy.write(encoded(table, rows[start : start + _PIECE]))


@lru_cache(maxsize=64)
def _copying(schema: str, name: str, columns: tuple[str, ...]) -> bytes:
    return (
        sql.SQL("copy {} ({}) from stdin (format csv, null 'null', quote '\"', escape '\\')")
        .format(sql.Identifier(schema, name), _list(columns))
        .as_bytes(None)
    )


def encoded(table: Table, rows: Sequence[Row]) -> bytes:
    """Return rows in COPY's CSV format.

    That is JSON line by line, which costs a sixth of anything written in Python, but for arrays and
    for what JSON escapes beside quotes.
    """
    empty = 0  # arrays, of which most are
    for place, column in enumerate(table.columns):
        if column.kind != "text[]":
            continue
        arrays = [row[place] for row in rows]
        if not any(arrays):
            empty += len(arrays) - arrays.count(None)
        else:
            rows = [(*row[:place], _array(row[place]), *row[place + 1 :]) for row in rows]
    try:
        lines = _encode(rows)
    except UnicodeEncodeError:  # half of a surrogate pair
        return _carefully(rows)
    escapes = lines.count(b"\\")
    if escapes and escapes != lines.count(b'\\"'):
        return _carefully(rows)
    if empty:
        size = len(lines)
        lines = lines.replace(b",[],", b',"{}",')
        if len(lines) != size + 2 * empty:  # some text says the same
            return _carefully(rows)
    return lines.replace(b"]\n[", b"\n")[1:-2] + b"\n"


def _carefully(rows: Iterable[Row]) -> bytes:
    text = "\n".join(",".join(map(_cell, row)) for row in rows) + "\n"
    return text.encode("utf-8", "replace")


def _cell(value: object) -> str:
    if isinstance(value, tuple | list):
        value = _array(value)
    if isinstance(value, str):
        inner = value.replace("\\", "\\\\").replace('"', '\\"').replace("\x00", "\ufffd")
        return f'"{inner}"'
    return _encode_one(value).decode()


def _array(value: Any) -> str | None:
    if not value:
        return None if value is None else "{}"
    quoted = (item.replace("\\", "\\\\").replace('"', '\\"') for item in value)
    return '{"' + '","'.join(quoted) + '"}'


def _list(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))
