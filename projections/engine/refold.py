"""Fold again the components that a batch touched, and set aside those that cannot be folded.

First the statements: if some arrived for a component, all its statements are interpreted, and the
rows of ``ByComponent`` projections are replaced. Then the course: the rows of ``ByCourse``
projections are made of the encounters and the own streams. If only own events arrived, the
encounters are read from the engine's table ``course``.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from psycopg import Connection

from projections.engine import course, own_events, parking, protocols
from projections.engine.component import interpret_component
from projections.engine.component_memory import StoredStatements
from projections.engine.course import Course, CoursePatient, course_patients
from projections.engine.events import FiledStatement
from projections.engine.failures import is_of_content, reason_of
from projections.engine.links import TouchedComponents
from projections.engine.parking import ParkedEvent, Part
from projections.engine.remembering import (
    differing_rows,
    large_components,
    remember,
    stored_statements,
)
from projections.engine.replacing import replace
from projections.engine.services import Services
from projections.engine.substrate import ArrivedStatement
from projections.engine.targets import Targets, component_rows

Made = TypeVar("Made")


class BatchEvent(NamedTuple):
    """An event of the batch, by the component under which it is filed."""

    component: str
    source_position: int
    event_id: str


def refold(
    connection: Connection[Any],
    targets: Targets,
    touched: TouchedComponents,
    batch: Sequence[BatchEvent],
    services: Services,
    *,
    stated: Collection[str],
    arrived: Sequence[ArrivedStatement] = (),
) -> list[ParkedEvent]:
    """Fold the components in ``touched`` again, and replace their rows.

    Args:
        connection: A connection in the transaction that has filed the events of the batch.
        targets: The generations whose rows change.
        touched: The components to fold.
        batch: The events that are set aside with their component if it cannot be folded.
        services: The services of the application.
        stated: The components for which statements arrived.
        arrived: Statements that the caller has decoded. All other statements are read.

    Returns:
        The events of the batch that are set aside. If ``targets`` are fed, they are noted as such.
        A rebuild notes them itself when the views switch.
    """
    if not (targets.by_component or targets.by_course) or not touched.components:
        return []
    parked = parking.nothing()
    if targets.are_fed:  # a rebuild tries every component of its own generations
        if touched.absorbed:
            parking.rename(connection, touched.absorbed)
        parked = parking.among(connection, touched.components)
    whole, course_only = parked["statements"], parked["course"]
    patients = _fold_statements(
        connection, targets, touched, services, parked, batch, stated, arrived
    )
    if targets.by_course:
        _fold_courses(connection, targets, touched, services, parked, patients)
    found = [
        _parked(one, whole[one.component], "statements") for one in batch if one.component in whole
    ]
    found += [
        _parked(one, course_only[one.component], "course")
        for one in batch
        if one.component in course_only and one.component not in whole
    ]
    if found and targets.are_fed:
        parking.park(connection, found)
    return found


def _parked(one: BatchEvent, reason: str, part: Part) -> ParkedEvent:
    return ParkedEvent(
        component=one.component,
        index=one.source_position,
        event_id=one.event_id,
        reason=reason,
        part=part,
    )


def _fold_statements(
    connection: Connection[Any],
    targets: Targets,
    touched: TouchedComponents,
    services: Services,
    parked: Mapping[Part, dict[str, str]],
    batch: Sequence[BatchEvent],
    stated: Collection[str],
    arrived: Sequence[ArrivedStatement],
) -> dict[str, tuple[CoursePatient, ...]]:
    """Replace the rows that are made of statements; return the patients of the components folded.

    Components that cannot be folded are added to ``parked``.
    """
    reasons = parked["statements"]
    names = [one for one in touched.components if one in stated]
    if not names or not targets.by_component:
        return {}
    assert targets.substrate is not None  # noqa: S101  # a list with such projections has one
    schema, memory = targets.substrate.schema, services.memory
    stored = stored_statements(
        connection, schema, names, memory, without=[one.index for one in arrived]
    )
    new: dict[str, list[ArrivedStatement]] = {}
    for one in arrived:
        new.setdefault(touched.of[one.nodes[0]], []).append(one)
    decoded = _each(names, lambda name: _decoded(stored[name], new.get(name, ())), reasons)
    if services.large is not None:
        services.large.note((name, len(filed)) for name, filed in decoded.items())
    if targets.opens:
        services.warm({one.statement.record for filed in decoded.values() for one in filed})
    large = {} if memory is None else large_components(decoded, stored, schema)
    interpreted = _each(
        decoded,
        lambda name: interpret_component(name, decoded[name], services.interpret, large.get(name)),
        reasons,
    )
    fresh = _each(
        interpreted,
        lambda name: component_rows(interpreted[name], targets.by_component, services),
        reasons,
    )
    changed = differing_rows(
        fresh,
        stored,
        unshown={one.source_position for one in batch},
        absorbing=set(touched.absorbed.values()),
    )
    reasons |= replace(
        connection,
        [generation for generation, _ in targets.by_component],
        fresh,
        before=[name for name in names if stored[name].known or stored[name].others],
        absorbed=touched.absorbed,
        changed=changed,
    )
    written = {name: rows for name, rows in fresh.items() if name not in reasons}
    if memory is not None:
        remember(memory, large, decoded, written, (*reasons, *touched.absorbed))
    folded = [name for name in parked["waiting"] if name in written]
    if folded and targets.are_fed:
        pairs = [(name, one.index) for name in folded for one in decoded[name]]
        parking.end_waiting(connection, pairs)
    return {name: course_patients(interpreted[name]) for name in written}


def _fold_courses(
    connection: Connection[Any],
    targets: Targets,
    touched: TouchedComponents,
    services: Services,
    parked: Mapping[Part, dict[str, str]],
    patients: Mapping[str, tuple[CoursePatient, ...]],
) -> None:
    """Replace the rows that are made of encounters and own streams.

    ``patients`` are those of the components whose statements were interpreted just now. Components
    that cannot be folded are added to ``parked``.
    """
    assert targets.substrate is not None  # noqa: S101  # as above
    assert targets.course is not None  # noqa: S101
    names = [one for one in touched.components if one not in parked["statements"]]
    own = own_events.own_by_component(connection, targets.substrate.schema, names)
    known = course.read(
        connection, targets.course.schema, [one for one in names if one not in patients]
    )
    known |= patients
    in_force = protocols.read(connection, targets.substrate.schema, services)
    fresh = _each(
        names,
        lambda name: component_rows(
            Course(
                component=name,
                patients=known.get(name, ()),
                streams=own_events.streams_of(own[name], services.read_own),
                protocols=in_force,
            ),
            targets.by_course,
            services,
        ),
        parked["course"],
    )
    parked["course"].update(
        replace(
            connection,
            [generation for generation, _ in targets.by_course],
            fresh,
            before=names,
            absorbed=touched.absorbed,
        )
    )


def _decoded(stored: StoredStatements, arrived: Sequence[ArrivedStatement]) -> list[FiledStatement]:
    """Return all statements of a component, by index.

    Raises:
        ValueError: One of them cannot be read.
    """
    filed = [] if stored.known is None else list(stored.known.filed)
    filed += [one.decoded() for one in stored.others]
    filed += [one.readable() for one in arrived]
    filed.sort(key=_index)
    return filed


def _each(
    names: Iterable[str], make: Callable[[str], Made], reasons: dict[str, str]
) -> dict[str, Made]:
    """Make something of every component that is not set aside; add failures to ``reasons``."""
    made: dict[str, Made] = {}
    for name in names:
        if name in reasons:
            continue
        try:
            made[name] = make(name)
        except Exception as error:
            if not is_of_content(error):
                raise
            reasons[name] = reason_of(error)  # set aside, never lost
    return made


def _index(one: FiledStatement) -> int:
    return one.index
