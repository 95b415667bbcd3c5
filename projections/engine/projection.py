"""The declaration of a projection: its tables, how events become rows, and its views."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, LiteralString, TypeAlias

from domain.body import Envelope, RecordedEvent
from domain.statement import Statement
from projections.engine.component import Component
from projections.engine.course import Course
from projections.engine.events import LoggedEvent
from projections.engine.services import Services
from projections.engine.table import Row, Table
from projections.engine.views import QueryView, TableView

#: The parts of each event that a rebuild reads: the whole event, the members of ``LoggedEvent``, or
#: those members without the body.
Needs: TypeAlias = Literal["all", "body", "envelope"]

#: Rows by the name of their table.
TableRows: TypeAlias = dict[str, list[Row]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ByComponent:
    """Rows of the interpreted statements of a component.

    Whenever a statement arrives, ``rows`` is called for its component, and the rows of the
    component are replaced. Each table has a column ``component``. Own events do not call it.

    ``opens``: whether ``rows`` opens sealed segments. Then the keys of all components of a batch
    are fetched in one query.
    """

    rows: Callable[[Component, Services], TableRows]
    opens: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ByCourse:
    """Rows of the encounters and the own streams of a component.

    Whenever a statement or an own event arrives, ``rows`` is called for its component, and the rows
    of the component are replaced. Each table has a column ``component``. An own event does not
    interpret the statements again: see ``engine.course``.
    """

    rows: Callable[[Course, Services], TableRows]


@dataclass(frozen=True, slots=True, kw_only=True)
class ByEvent:
    """Rows of single events, which are only added.

    ``rows`` takes events by index, and also by index the statements of those events whose statement
    can be read. It is called for any number of events at once, so the rows of an event must not
    depend on the other events.
    """

    rows: Callable[[Sequence[RecordedEvent], Mapping[int, Statement]], TableRows]


@dataclass(frozen=True, slots=True, kw_only=True)
class ByStream:
    """One row per stream, made of the envelopes of its events.

    ``rows`` takes envelopes live, and flat events in a rebuild, by index. It reads members that
    both have: index, stream, topic, event id and the times. It returns a row per key of the table.

    If the table has a row of this key already, ``merge`` gives the new value of each column in SQL:
    ``kept`` is the row in the table, ``excluded`` the new one. Columns without an entry take the
    new value. The table has no column of kind ``text[]``.
    """

    rows: Callable[[Iterable[Envelope | LoggedEvent]], TableRows]
    merge: Mapping[str, LiteralString]


Fold: TypeAlias = ByComponent | ByCourse | ByEvent | ByStream


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """A read model: its name, its tables, how they are filled, and its views.

    Installations rebuild a projection when its ``version`` has changed. Raise it

    - when a table changes. A test compares the tables with the file of the projection in
      ``tests/projections/released_tables``;
    - when rows mean something else. If interpretation gives other patients, encounters or entries,
      this concerns all projections that are folded ``ByComponent`` or ``ByCourse``, and the table
      ``course`` of the engine.

    ``fold`` is None for the substrate alone, which the engine fills itself.
    """

    name: str
    version: int
    tables: tuple[Table, ...]
    fold: Fold | None
    views: tuple[TableView | QueryView, ...] = ()

    @property
    def needs(self) -> Needs:
        """The parts of each event that a rebuild reads."""
        if isinstance(self.fold, ByEvent):
            return "all"
        return "envelope" if isinstance(self.fold, ByStream) else "body"
