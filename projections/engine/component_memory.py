"""What this process knows of components with many statements, since it folded them last.

A patient with thousands of statements has thousands of rows, and one more message changes few of
them. So the statements are not read again, visits that have not changed are not interpreted again,
and only the rows that differ are written. The memory is a cache: without it, a component is folded
from all its statements, and all its rows are replaced.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress, count
from operator import is_not
from typing import Final, NamedTuple, TypeAlias

from domain.interpretation import KnownVisits
from projections.engine.events import FiledStatement
from projections.engine.made_rows import MadeRows
from projections.engine.substrate import FiledIndexes, UndecodedStatement
from projections.engine.table import Row, Table

#: Bytes of all components that are remembered, by estimate.
_BYTES: Final = 100_000_000
#: What a statement takes beside its sealed segments: decoded, interpreted and as rows.
_BYTES_OF_STATEMENT: Final = 4_000

_NO_INDEXES: Final = FiledIndexes.of(())

#: Rows for one table of one schema.
TableOfRows: TypeAlias = tuple[str, Table, list[Row]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedComponent:
    """A component as it was folded last; without statements: it is folded for the first time.

    ``visits`` and ``made`` change while the component is folded. They check what they hold before
    they give it, so it does no harm if the transaction is rolled back.
    """

    schema: str  # of the substrate that holds its statements
    filed: Sequence[FiledStatement] = ()  # all its statements, by index
    indexes: FiledIndexes = _NO_INDEXES  # of these statements
    rows: Sequence[TableOfRows] = ()  # as they were written
    size: int = 0  # bytes, by estimate
    visits: KnownVisits = field(default_factory=KnownVisits)
    made: MadeRows = field(default_factory=MadeRows)

    def folded(
        self, filed: Sequence[FiledStatement], rows: Sequence[TableOfRows]
    ) -> "RememberedComponent":
        """Return the component as it is after a fold."""
        self.made.renew()
        return RememberedComponent(
            schema=self.schema,
            filed=filed,
            indexes=FiledIndexes.of([one.index for one in filed]),
            rows=rows,
            size=sum([len(one.segments) for one in filed]) + len(filed) * _BYTES_OF_STATEMENT,
            visits=self.visits,
            made=self.made,
        )


class StoredStatements(NamedTuple):
    """The statements of a component in the substrate: those that are remembered, and the others."""

    known: RememberedComponent | None
    others: Sequence[UndecodedStatement]


class ComponentMemory:
    """Remembers large components. What a transaction wrote counts once it commits."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, RememberedComponent] = OrderedDict()
        self._pending: dict[str, RememberedComponent | None] = {}

    def known(self, component: str) -> RememberedComponent | None:
        """Return a component as it was folded last; None: it is not remembered."""
        return self._known.get(component)

    def remember(self, component: str, folded: RememberedComponent) -> None:
        """Remember a component when the transaction commits."""
        self._pending[component] = folded

    def forget(self, component: str) -> None:
        """Forget a component when the transaction commits."""
        if component in self._known or component in self._pending:
            self._pending[component] = None

    @property
    def size(self) -> int:
        """The bytes of all that is remembered, by estimate."""
        return sum(one.size for one in self._known.values())

    def commit(self) -> None:
        """Keep what the transaction wrote. If it is too much, forget what was folded first."""
        for component, folded in self._pending.items():
            self._known.pop(component, None)
            if folded is not None:
                self._known[component] = folded
        self._pending.clear()
        while self.size > _BYTES:
            self._known.popitem(last=False)

    def roll_back(self) -> None:
        """Forget what the transaction wrote."""
        self._pending.clear()


@dataclass(slots=True)
class ChangedRows:
    """The rows of a table that differ from those written last."""

    schema: str
    table: Table
    gone: list[Row] = field(default_factory=list)  # keys of rows that changed or are gone
    rows: list[Row] = field(default_factory=list)


def changed_rows(
    before: Sequence[TableOfRows], now: Sequence[TableOfRows]
) -> list[ChangedRows] | None:
    """Return the rows that differ; None: all are to be replaced."""
    if [(schema, table) for schema, table, _ in before] != [
        (schema, table) for schema, table, _ in now
    ]:
        return None
    found: list[ChangedRows] = []
    for (schema, table, old), (_, _, new) in zip(before, now, strict=True):
        changed = _changed(schema, table, old, new)
        if changed is None:
            return None
        if changed.gone or changed.rows:
            found.append(changed)
    return found


def _changed(
    schema: str, table: Table, old: Sequence[Row], new: Sequence[Row]
) -> ChangedRows | None:
    """Return the rows of a table that differ; None: two new rows have one key.

    Most rows are the same objects as before, so they are compared without looking into them.
    """
    first = next(compress(count(), map(is_not, old, new)), min(len(old), len(new)))
    old, new = old[first:], new[first:]
    before, now = set(map(id, old)), set(map(id, new))
    places = [table.names.index(name) for name in table.key]
    gone = _by_key([row for row in old if id(row) not in now], places)
    added = [row for row in new if id(row) not in before]
    fresh = _by_key(added, places)
    if len(fresh) != len(added):
        return None
    return ChangedRows(
        schema,
        table,
        [key for key, row in gone.items() if fresh.get(key) != row],
        [row for key, row in fresh.items() if gone.get(key) != row],
    )


def _by_key(rows: Sequence[Row], places: Sequence[int]) -> Mapping[Row, Row]:
    return {tuple([row[place] for place in places]): row for row in rows}
