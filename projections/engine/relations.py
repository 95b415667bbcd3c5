"""What the query of a read model selects from: a table, or rows that were made for another instant.

A query names its tables by relations, so the same query answers as of now, and as of and as known
at other instants. ``caretrail.reading.past_rows`` makes the rows of other instants.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, Protocol

from psycopg import sql
from typing_extensions import override

from projections.engine.arrays import texts
from projections.engine.table import Row, Table, names_of, storable


class Relations(Protocol):
    """The relations that a query selects from."""

    def of(self, table: Table) -> sql.Composable:
        """Return the relation with the columns of ``table``, to be named by ``as`` in a query."""
        ...


class PresentRelations(Relations):
    """The tables of the read models, as they are now."""

    @override
    def of(self, table: Table) -> sql.Composable:
        return table.at("proj")


#: What queries select from, unless other instants are asked for.
PRESENT: Final[Relations] = PresentRelations()


def made_rows(table: Table, rows: Iterable[Row]) -> sql.Composable:
    """Return a relation of rows that are in no table."""
    members = [dict(zip(table.names, map(_storable, row), strict=True)) for row in rows]
    text = json.dumps(members, default=_text, ensure_ascii=False)
    return sql.SQL("(select * from json_to_recordset({}::json) as made ({}))").format(
        # psycopg reads a per cent sign in a query as the beginning of a parameter.
        sql.Literal(text.replace("%", r"\u0025")),
        sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(each.name), sql.SQL(each.kind))
            for each in table.columns
        ),
    )


def with_made_rows(
    table: Table, rows: Iterable[Row], *, components: Sequence[str]
) -> sql.Composable:
    """Return a relation in which the rows of some components are replaced by other rows."""
    return sql.SQL(
        "(select {names} from {table} where component <> all({components}::text[])"
        " union all select {names} from {made} as other)"
    ).format(
        names=names_of(table.names),
        table=table.at("proj"),
        components=sql.Literal(texts(components)),
        made=made_rows(table, rows),
    )


def _storable(value: object) -> object:
    return list(map(storable, value)) if isinstance(value, tuple | list) else storable(value)


def _text(value: object) -> str:
    if isinstance(value, date):  # or a datetime
        return value.isoformat()
    raise TypeError(type(value).__name__)
