"""The generations that a batch or a rebuild changes, by the way they are folded."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias, TypeVar, assert_never

from projections.engine.component import Component
from projections.engine.course import Course
from projections.engine.generations import Generation, Generations
from projections.engine.projection import ByComponent, ByCourse, ByEvent, ByStream, TableRows
from projections.engine.services import Services
from projections.engine.table import Row, Table

Folded = TypeVar("Folded", Component, Course)

#: Rows for one table of one schema.
SchemaRows: TypeAlias = tuple[str, Table, list[Row]]
#: A generation, and the function that makes its rows of a component.
ComponentTarget: TypeAlias = tuple[Generation, Callable[[Folded, Services], TableRows]]


class Targets:
    """Generations whose rows change, and the generations of the engine's own that are read."""

    def __init__(
        self,
        changed: Iterable[Generation],
        *,
        substrate: Generation | None,
        course: Generation | None,
        are_fed: bool = False,
    ) -> None:
        """Sort ``changed``.

        Args:
            changed: The generations whose rows change.
            substrate: Holds the events of components. If it is not changed, it has them already.
            course: Holds the patients of components.
            are_fed: Whether ``changed`` are all generations that are fed. A rebuild changes others.
        """
        self.are_fed: Final = are_fed
        self.substrate: Final = substrate
        self.course: Final = course
        self.files = False  # whether the substrate is among those that change
        self.opens = False  # whether rows are made of opened segments
        self.by_component: list[ComponentTarget[Component]] = []
        self.by_course: list[ComponentTarget[Course]] = []
        self.by_event: list[tuple[Generation, ByEvent]] = []
        self.by_stream: list[tuple[Generation, ByStream]] = []
        for generation in changed:
            match generation.projection.fold:
                case None:
                    self.files = True
                case ByComponent(rows=rows, opens=opens):
                    self.by_component.append((generation, rows))
                    self.opens |= opens
                case ByCourse(rows=course_rows):
                    self.by_course.append((generation, course_rows))
                case ByEvent() as by_event:
                    self.by_event.append((generation, by_event))
                case ByStream() as by_stream:
                    self.by_stream.append((generation, by_stream))
                case never:
                    assert_never(never)

    @property
    def of_components(self) -> bool:
        """Whether a generation needs the components of the events."""
        return bool(self.files or self.by_component or self.by_course)


def targets_of(found: Generations) -> Targets:
    """Return all generations that are fed, as targets."""
    return Targets(found.fed, substrate=found.substrate, course=found.course, are_fed=True)


def schema_rows(generation: Generation, rows: TableRows) -> list[SchemaRows]:
    """Return the rows of a projection for the tables of one of its generations."""
    schema = generation.schema
    return [(schema, table, rows[table.name]) for table in generation.projection.tables]


def component_rows(
    folded: Folded, targets: Sequence[ComponentTarget[Folded]], services: Services
) -> list[SchemaRows]:
    """Return the rows of a component for every table of ``targets``.

    The rows of a projection are made once, for all its generations.
    """
    made: dict[str, TableRows] = {}
    found: list[SchemaRows] = []
    for generation, rows in targets:
        name = generation.projection.name
        if name not in made:
            made[name] = rows(folded, services)
        found += schema_rows(generation, made[name])
    return found
