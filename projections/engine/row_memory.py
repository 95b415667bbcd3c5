"""The rows of large components as this process wrote them last.

A patient with thousands of statements has thousands of rows, and one more message changes few of
them. If the rows that the database holds are known, only those that differ are written. The memory
is a cache: without it, all rows of a component are replaced.
"""

from collections import OrderedDict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from projections.engine.events import FiledStatement
from projections.engine.substrate import UndecodedStatement
from projections.engine.table import Row, Table

#: Components with fewer rows are replaced as a whole, which costs less than a comparison.
_LARGE: Final = 500
#: Rows of all components that are remembered. A row takes about 300 bytes.
_ROWS: Final = 50_000

#: Rows for one table of one schema.
TableOfRows: TypeAlias = tuple[str, Table, list[Row]]
#: By key of a row: the hash of the row.
RowHashes: TypeAlias = dict[Row, int]
#: The statements of a component: their number, the highest index and the sum of the indexes.
StatementsSeen: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class WrittenRows:
    """The rows of a component: by schema and table, the hash of each."""

    statements: StatementsSeen
    hashes: Mapping[tuple[str, str], RowHashes]

    @property
    def count(self) -> int:
        """The number of rows."""
        return sum(map(len, self.hashes.values()))


@dataclass(slots=True)
class ChangedRows:
    """The rows of a table that differ from those written last."""

    schema: str
    table: Table
    gone: list[Row] = field(default_factory=list)  # keys of rows that changed or are gone
    rows: list[Row] = field(default_factory=list)


class RowMemory:
    """Remembers the rows of large components. What a transaction wrote counts once it commits."""

    def __init__(self) -> None:
        self._written: OrderedDict[str, WrittenRows] = OrderedDict()
        self._pending: dict[str, WrittenRows | None] = {}

    def written(self, component: str, statements: StatementsSeen) -> WrittenRows | None:
        """Return the rows of a component, if they were made of exactly these statements."""
        found = self._written.get(component)
        return found if found is not None and found.statements == statements else None

    def write(self, component: str, rows: WrittenRows) -> None:
        """Remember the rows of a component when the transaction commits."""
        self._pending[component] = rows

    def forget(self, component: str) -> None:
        """Forget the rows of a component when the transaction commits."""
        if component in self._written or component in self._pending:
            self._pending[component] = None

    @property
    def rows(self) -> int:
        """The number of rows that are remembered."""
        return sum(one.count for one in self._written.values())

    def commit(self) -> None:
        """Keep what the transaction wrote."""
        for component, rows in self._pending.items():
            self._written.pop(component, None)
            if rows is not None:
                self._written[component] = rows
        self._pending.clear()
        while self.rows > _ROWS:
            self._written.popitem(last=False)

    def roll_back(self) -> None:
        """Forget what the transaction wrote."""
        self._pending.clear()


def changed_rows(
    memory: RowMemory,
    fresh: Mapping[str, Sequence[TableOfRows]],
    *,
    stored: Mapping[str, Sequence[UndecodedStatement]],
    new: Container[int],
    now: Mapping[str, Sequence[FiledStatement]],
    merged: Collection[str],
) -> dict[str, list[ChangedRows]]:
    """Return the rows that differ, of components whose rows are known, and remember the new rows.

    Args:
        memory: The rows that this process wrote last.
        fresh: The new rows, by component.
        stored: The statements of each component that were read from the substrate.
        new: Indexes of statements whose component was not folded since they were filed.
        now: All statements of each component; the new rows are made of them.
        merged: Components that absorb others: their rows are replaced as a whole.
    """
    found: dict[str, list[ChangedRows]] = {}
    for name, rows in fresh.items():
        hashes = None
        if sum(len(made) for _, _, made in rows) >= _LARGE:
            hashes = _hashed(rows)
        if hashes is None:
            memory.forget(name)
            continue
        after = WrittenRows(_seen(one.index for one in now[name]), hashes)
        indexes = [one.source_position for one in stored[name]]
        known = memory.written(name, _seen(index for index in indexes if index not in new))
        memory.write(name, after)
        if known is not None and name not in merged:
            changed = _changes(rows, known, after)
            if changed is not None:
                found[name] = changed
    return found


def _seen(indexes: Iterable[int]) -> StatementsSeen:
    """Return the number of statements, the highest index and the sum of the indexes."""
    given = list(indexes)
    return len(given), max(given, default=0), sum(given)


def _hashed(rows: Sequence[TableOfRows]) -> dict[tuple[str, str], RowHashes] | None:
    """Return the hashes of the rows of a component; None: two rows have one key."""
    hashes: dict[tuple[str, str], RowHashes] = {}
    for schema, table, made in rows:
        places = [table.names.index(name) for name in table.key]
        found = {tuple([row[place] for place in places]): hash(row) for row in made}
        if len(found) != len(made):
            return None
        hashes[schema, table.name] = found
    return hashes


def _changes(
    rows: Sequence[TableOfRows], before: WrittenRows, after: WrittenRows
) -> list[ChangedRows] | None:
    """Return the rows that differ; None: the rows before are those of other tables."""
    found: list[ChangedRows] = []
    for schema, table, made in rows:
        old = before.hashes.get((schema, table.name))
        if old is None:
            return None
        new = after.hashes[schema, table.name]
        changed = ChangedRows(schema, table)
        changed.gone = [key for key, value in old.items() if new.get(key) != value]
        changed.rows = [
            row
            for row, (key, value) in zip(made, new.items(), strict=True)
            if old.get(key) != value
        ]
        if changed.gone or changed.rows:
            found.append(changed)
    return found
