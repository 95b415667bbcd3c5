"""What a table of a read model is: columns with their meaning, and how rows get in.

A column says what it is for: *content* is a function of the set of statements, and the digest
covers it; *arrival* depends on when and how they came, and the digest leaves it out; *sealed* holds
copies of sealed segments, *segments* those of the row's own event, and the digest covers what is in
them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

from psycopg import Connection, sql

Kind: TypeAlias = Literal["text", "bigint", "integer", "boolean", "timestamptz", "text[]"]
Role: TypeAlias = Literal["content", "arrival", "sealed", "segments"]
Row: TypeAlias = tuple[object, ...]

_NULL: Final = "\x01"
_ESCAPES: Final = str.maketrans(
    {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\x00": "\ufffd", "\x01": "\ufffd"}
)
#: Rows of one COPY are handed over in pieces of about this many.
_PIECE: Final = 500


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


def create(connection: Connection[Any], schema: str, table: Table, *, logged: bool = True) -> None:
    """Create a table without key and indexes, with a comment on it and on every column."""
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}{}").format(
            sql.Identifier(column.name),
            sql.SQL(column.kind),
            sql.SQL(" not null" if column.required else ""),
        )
        for column in table.columns
    )
    start = sql.SQL("create table {} ({})" if logged else "create unlogged table {} ({})")
    connection.execute(start.format(table.at(schema), columns))
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
            copy.write(encoded(table, rows[start : start + _PIECE]).encode("utf-8", "replace"))


@lru_cache(maxsize=64)
def _copying(schema: str, name: str, columns: tuple[str, ...]) -> bytes:
    return (
        sql.SQL("copy {} ({}) from stdin (format text, null {})")
        .format(sql.Identifier(schema, name), _list(columns), sql.Literal(_NULL))
        .as_bytes(None)
    )


def encoded(table: Table, rows: Sequence[Row]) -> str:
    """Return rows in COPY's text format: column by column, which is far cheaper than by row."""
    columns = list(zip(*rows, strict=True))
    cells = [
        _ENCODERS[column.kind](values)
        for column, values in zip(table.columns, columns, strict=True)
    ]
    text = "\n".join(map("\t".join, zip(*cells, strict=True))) + "\n"
    if (
        "\\" in text
        or "\r" in text
        or "\x00" in text
        or text.count("\t") != len(rows) * (len(columns) - 1)
        or text.count("\n") != len(rows)
        or text.count(_NULL) != sum(values.count(None) for values in columns)
    ):
        cells = [
            [
                _NULL if value is None else cell.translate(_ESCAPES)
                for value, cell in zip(*pair, strict=True)
            ]
            for pair in zip(columns, cells, strict=True)
        ]
        text = "\n".join(map("\t".join, zip(*cells, strict=True))) + "\n"
    return text


def _list(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _texts(values: Iterable[Any]) -> list[str]:
    return [_NULL if value is None else value for value in values]


def _numbers(values: Iterable[Any]) -> list[str]:
    return [_NULL if value is None else str(value) for value in values]


def _truths(values: Iterable[Any]) -> list[str]:
    return [_NULL if value is None else "t" if value else "f" for value in values]


def _instants(values: Iterable[Any]) -> list[str]:
    return [_NULL if value is None else _instant(value) for value in values]


@lru_cache(maxsize=4_096)  # several columns of a row, and neighbours, name one instant
def _instant(value: datetime) -> str:
    return value.isoformat()


def _arrays(values: Iterable[Any]) -> list[str]:
    return [_NULL if value is None else _array(value) if value else "{}" for value in values]


def _array(value: Iterable[str]) -> str:
    quoted = (item.replace("\\", "\\\\").replace('"', '\\"') for item in value)
    return '{"' + '","'.join(quoted) + '"}'


_ENCODERS: Final[dict[Kind, Callable[[Iterable[Any]], list[str]]]] = {
    "text": _texts,
    "bigint": _numbers,
    "integer": _numbers,
    "boolean": _truths,
    "timestamptz": _instants,
    "text[]": _arrays,
}
