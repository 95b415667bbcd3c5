"""Write rows into tables, many at a time."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from psycopg import Connection

from projections.engine.failures import is_of_content, reason_of
from projections.engine.table import Row, Table, load
from projections.rebuilding.refusals import Refused

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
        self.refused: Refused = {}
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
        key = (schema, table.name)
        written = self._written.get(key, 0)
        self._written[key] = written + self._load_what_fits(schema, table, rows)
        rows.clear()

    def _load_what_fits(self, schema: str, table: Table, rows: Sequence[Row]) -> int:
        """Write rows; return how many were written. Note the components of rows that are refused.

        Raises:
            Exception: The server fails, or the rows are of no component.
        """
        try:
            load(self._connection, schema, table, rows)
        except Exception as error:
            if not is_of_content(error) or "component" not in table.names:
                raise
            if len(rows) == 1:
                component = str(rows[0][table.names.index("component")])
                self.refused[schema, table.name, component] = reason_of(error)
                return 0
            half = len(rows) // 2
            return sum(
                self._load_what_fits(schema, table, part) for part in (rows[:half], rows[half:])
            )
        return len(rows)
