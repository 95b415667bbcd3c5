"""The projections of an installation: those handed to the engine, and the engine's own."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from projections.engine import course, own_events, substrate
from projections.engine.arrays import array
from projections.engine.projection import ByComponent, ByCourse, Needs, Projection

#: The events that all projections of components are folded from.
SUBSTRATE: Final = Projection(
    name=substrate.NAME,
    version=substrate.VERSION,
    tables=(substrate.STATEMENT, substrate.COMPONENT, own_events.OWN_EVENT),
    fold=None,
)
#: What projections of own streams read of the statements.
COURSE: Final = Projection(
    name=course.NAME,
    version=course.VERSION,
    tables=(course.COURSE,),
    fold=ByComponent(rows=course.rows),
)

#: Projections that the engine itself reads.
ENGINE_OWN: Final = (SUBSTRATE, COURSE)


class UnknownProjection(Exception):
    """There is no projection of this name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"no projection is called {name!r}")


class ProjectionList:
    """Projections by name, with those of the engine that they need before them."""

    def __init__(self, listed: Iterable[Projection]) -> None:
        given = tuple(listed)
        by_course = any(isinstance(one.fold, ByCourse) for one in given)
        by_component = any(isinstance(one.fold, ByComponent) for one in given)
        own = (*(SUBSTRATE,) * (by_component or by_course), *(COURSE,) * by_course)
        self.by_name: Mapping[str, Projection] = {one.name: one for one in (*own, *given)}
        tables = [(one.name, table.name) for one in self for table in one.tables]
        #: Name of the projection and of the table, for each table, as array literals.
        self.table_arrays = (
            array(name for name, _ in tables),
            array(table for _, table in tables),
        )

    def __iter__(self) -> Iterator[Projection]:
        return iter(self.by_name.values())

    def __len__(self) -> int:
        return len(self.by_name)

    def named(self, names: Iterable[str]) -> list[Projection]:
        """Return the projections of these names; all if no name is given.

        Raises:
            UnknownProjection: There is no projection of that name.
        """
        wanted = list(names) or list(self.by_name)
        for name in wanted:
            if name not in self.by_name:
                raise UnknownProjection(name)
        return [one for one in self if one.name in wanted]

    def needs(self, names: Iterable[str]) -> Needs:
        """Return what a rebuild of ``names`` reads of each event.

        Raises:
            UnknownProjection: There is no projection of that name.
        """
        needs = {one.needs for one in self.named(names)}
        return "all" if "all" in needs else "body" if "body" in needs else "envelope"
