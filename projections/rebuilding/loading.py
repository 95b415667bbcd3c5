"""Write rows into tables, many at a time."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from psycopg import Connection

from projections.engine.table import Row, Table, load

#: Rows of one table that are collected before they are written.
_ROWS: Final = 1_000


@contextmanager
def not_waiting_for_the_disk(connection: Connection[Any]) -> Iterator[None]:
    """Turn off ``synchronous_commit`` while loading.

    The transaction that switches the views commits synchronously, and so flushes everything before
    it.
    """
    connection.execute("set synchronous_commit = off")
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("reset synchronous_commit")


class Loading:
    """Rows on their way into tables, through one connection."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection
        self._waiting: dict[tuple[str, str], tuple[Table, list[Row]]] = {}
        self._written: dict[tuple[str, str], int] = {}

    def add(self, schema: str, table: Table, rows: Iterable[Row]) -> None:
        """Collect rows for a table of a schema."""
        found = self._waiting.get((schema, table.name))
        if found is None:
            found = self._waiting[schema, table.name] = (table, [])
        waiting = found[1]
        waiting.extend(rows)
        if len(waiting) >= _ROWS:
            self._load(schema, table, waiting)

    def finish(self) -> dict[tuple[str, str], int]:
        """Write the remaining rows; return how many were written, by schema and table."""
        for (schema, _), (table, rows) in self._waiting.items():
            self._load(schema, table, rows)
        return self._written

    def _load(self, schema: str, table: Table, rows: list[Row]) -> None:
        load(self._connection, schema, table, rows)
        key = (schema, table.name)
        self._written[key] = self._written.get(key, 0) + len(rows)
        rows.clear()
