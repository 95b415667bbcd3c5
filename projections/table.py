"""What a table of a read model is: columns with their meaning, and how rows get in.

A column says what it is for: *content* is a function of the set of statements, and the digest
covers it; *arrival* depends on when and how they came, and the digest leaves it out; *sealed* holds
copies of sealed segments, *segments* those of the row's own event, and the digest covers what is in
them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
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
    encode = encoder(table)
    statement = sql.SQL("copy {} ({}) from stdin (format text, null {})").format(
        table.at(schema), _list(table.names), sql.Literal(_NULL)
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for start in range(0, len(rows), _PIECE):
            lines = [encode(row) for row in rows[start : start + _PIECE]]
            lines.append("")
            copy.write("\n".join(lines).encode("utf-8", "replace"))


def encoder(table: Table) -> Callable[[Row], str]:
    """Return what writes a row of ``table`` as a line of COPY's text format."""
    encoders = tuple(_ENCODERS[column.kind] for column in table.columns)
    tabs = len(encoders) - 1

    def encode(row: Row) -> str:
        fields = [
            _NULL if value is None else write(value)
            for write, value in zip(encoders, row, strict=True)
        ]
        line = "\t".join(fields)
        if (
            "\\" in line
            or "\n" in line
            or "\r" in line
            or "\x00" in line
            or line.count("\t") > tabs
        ):
            return "\t".join(
                field if field == _NULL else field.translate(_ESCAPES) for field in fields
            )
        return line

    return encode


def _list(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _text(value: Any) -> str:
    return "\ufffd" if value == _NULL else str(value)


def _instant(value: Any) -> str:
    moment: datetime = value
    return moment.isoformat()


def _array(value: Any) -> str:
    if not value:
        return "{}"
    quoted = (item.replace("\\", "\\\\").replace('"', '\\"') for item in value)
    return '{"' + '","'.join(quoted) + '"}'


def _truth(value: Any) -> str:
    return "t" if value else "f"


_ENCODERS: Final[dict[Kind, Callable[[Any], str]]] = {
    "text": _text,
    "bigint": str,
    "integer": str,
    "boolean": _truth,
    "timestamptz": _instant,
    "text[]": _array,
}
