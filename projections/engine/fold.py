"""Apply events to all projections, exactly once, in one transaction.

All components that a batch touches are folded again from everything that is filed under them. So
their rows depend only on the set of events, not on the order, the batches or repeats.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import Connection

from domain.body import RecordedEvent
from domain.statement import Statement
from projections.engine import generations, links, own_events, parking, position, substrate, table
from projections.engine.decoding import decode_body
from projections.engine.events import LoggedEvent, is_statement, logged
from projections.engine.failures import is_of_content, reason_of
from projections.engine.fold_protocols import refold_for_protocols
from projections.engine.large import of_large
from projections.engine.parking import ParkedEvent
from projections.engine.position import GenerationKey, Heal
from projections.engine.projection_list import ProjectionList
from projections.engine.refold import BatchEvent, refold
from projections.engine.services import Services
from projections.engine.substrate import ArrivedStatement
from projections.engine.targets import Targets, schema_rows, targets_of

#: How often a transaction is tried. If two transactions join the same components in different
#: orders, PostgreSQL ends one of them, and it is run again.
_ATTEMPTS: Final = 5

#: PostgreSQL may answer before it has written a batch to disk. If it loses the last batches, it
#: also loses their positions, so the events are read again from the topic or the store.
BEGIN: Final = (
    "select set_config('synchronous_commit', 'off', true), pg_advisory_xact_lock_shared(%s)"
)


class EventRefused(Exception):
    """An event of a batch cannot be filed, because of its content."""

    def __init__(self, events: Sequence[RecordedEvent], reason: str) -> None:
        self.events = tuple(events)  # of the batch, and those that filled its holes
        self.reason = reason
        super().__init__(f"an event of {len(events)} cannot be filed: {reason}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedBatch:
    """The result of applying a batch."""

    applied: int  # events that changed the read models, healed ones included
    skipped: int  # repeats
    healed: int  # events fetched from the store to fill holes
    parked: tuple[ParkedEvent, ...]  # set aside in this batch
    waiting: int  # events that wait until a component is folded afterwards
    positions: dict[int, int]  # partition: index of the last event applied, if it moved


def apply(
    connection: Connection[Any],
    projections: ProjectionList,
    batch: Sequence[RecordedEvent],
    *,
    heal: Heal,
    services: Services,
) -> AppliedBatch:
    """Apply a batch of events, of any partitions, to all projections, in one transaction.

    Repeats are skipped, and holes are filled through ``heal``. A component that cannot be folded
    is set aside with its events, and the others go on. An event that cannot even be filed is set
    aside by itself, if it is the only one of the batch. ``connection`` is in autocommit mode.

    Raises:
        EventRefused: An event of the batch cannot be filed. Apply the batch in smaller parts.
        position.HoleNotFilled: Events are missing that the store does not have.
        position.OtherIncarnation: The events are of another incarnation of the store.
        generations.NeedsRebuild: Tables are missing or of another release.
        psycopg.OperationalError: The database does not answer; nothing was applied.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return _apply(connection, projections, batch, heal, services)
        except psycopg.errors.DeadlockDetected:
            continue
        except EventRefused as refused:
            if len(batch) > 1:
                raise
            if len(refused.events) == 1:
                return _apply(connection, projections, batch, heal, services, aside=refused.reason)
            for one in refused.events[:-1]:
                apply(connection, projections, [one], heal=heal, services=services)
    return _apply(connection, projections, batch, heal, services)


def _apply(
    connection: Connection[Any],
    projections: ProjectionList,
    batch: Sequence[RecordedEvent],
    heal: Heal,
    services: Services,
    *,
    aside: str = "",
) -> AppliedBatch:
    """Apply a batch, or set its events aside for the reason ``aside``."""
    if services.memory is not None:
        services.memory.roll_back()  # what a batch that failed has left
    with connection.transaction():
        with connection.pipeline():
            connection.execute(BEGIN, (generations.FOLDING,))
            found = generations.fed(connection, projections)
        keys = [one.key for one in found.fed]
        done = apply_to(connection, keys, targets_of(found), batch, heal, services, aside=aside)
    if services.memory is not None:
        services.memory.commit()
    if services.large is not None and done.waiting:
        services.large.wake()
    return done


def apply_to(
    connection: Connection[Any],
    keys: Sequence[GenerationKey],
    targets: Targets,
    batch: Sequence[RecordedEvent],
    heal: Heal,
    services: Services,
    *,
    aside: str = "",
) -> AppliedBatch:
    """Apply a batch to the generations ``keys``, in the transaction of the caller.

    Args:
        connection: In a transaction that has locked ``generations.FOLDING``, or in a rebuild.
        keys: The generations whose positions move.
        targets: The same generations, as targets.
        batch: Events of any partitions. Repeats are skipped.
        heal: Fetches missing events from the store.
        services: The services of the application.
        aside: If given, the events are set aside by themselves, for this reason.

    Raises:
        EventRefused: An event of the batch cannot be filed. Roll back, and apply smaller parts.
        position.HoleNotFilled, position.OtherIncarnation: See ``apply``.
    """
    held = position.lock(connection, keys, (one.envelope.partition for one in batch))
    due = position.due(batch, held, heal)
    parked: list[ParkedEvent] = []
    if aside:
        parked = [refused_event(one, aside) for one in due.events]
        if targets.are_fed:
            parking.park(connection, parked)
    elif due.events:
        try:
            parked = project(connection, targets, due.events, services)
        except Exception as error:
            if not is_of_content(error):
                raise
            raise EventRefused(due.events, reason_of(error)) from error
    moved = position.advance(connection, keys, held, due.events)
    set_aside = tuple(one for one in parked if one.part not in parking.WAITING)
    return AppliedBatch(
        applied=len(due.events),
        skipped=due.skipped,
        healed=due.healed,
        parked=set_aside,
        waiting=len(parked) - len(set_aside),
        positions=moved,
    )


def refused_event(one: RecordedEvent, reason: str) -> ParkedEvent:
    """Return an event that is set aside by itself."""
    return ParkedEvent(
        component=one.envelope.stream,
        index=one.envelope.index,
        event_id=one.envelope.event_id,
        reason=reason,
        part="event",
    )


def positions(connection: Connection[Any], projections: ProjectionList) -> dict[int, int]:
    """Return the index of the last event applied, by partition.

    Raises:
        generations.NeedsRebuild: Tables are missing or of another release.
    """
    found = generations.fed(connection, projections)
    return position.read(connection, [one.key for one in found.fed])


def complete_through(
    connection: Connection[Any],
    projections: ProjectionList,
    last_ids: Mapping[int, int],
    first_after: Callable[[Mapping[int, int]], int],
) -> int:
    """Return the position up to which every partition has applied all its events.

    ``last_ids``, ``first_after``: of the store; see ``position.complete_through``.
    """
    applied = positions(connection, projections)
    through = position.complete_through(applied, last_ids, first_after)
    waiting = parking.first_waiting(connection)
    return through if waiting is None else min(through, waiting - 1)


def project(
    connection: Connection[Any],
    targets: Targets,
    events: Sequence[RecordedEvent],
    services: Services,
) -> list[ParkedEvent]:
    """Apply ``events`` to the generations in ``targets``, in the transaction of the caller.

    Returns:
        The events that are set aside, and those that wait until their large component is folded.
    """
    for generation, by_stream in targets.by_stream:
        envelopes = [one.envelope for one in events]
        for schema, one, rows in schema_rows(generation, by_stream.rows(envelopes)):
            table.merge(connection, schema, one, rows, by_stream.merge)
    if not (targets.of_components or targets.by_event):
        return []
    flat = [logged(one) for one in events]
    arrived: list[ArrivedStatement] = []
    if targets.of_components:
        arrived = [substrate.arrived(one) for one in flat if is_statement(one.topic)]
    _add_event_rows(connection, targets, events, flat, arrived)
    if not targets.of_components:
        return []
    own = [
        row
        for one in flat
        if not is_statement(one.topic)
        for row in own_events.rows_of(one, own_events.records_of(one))
    ]
    assert targets.substrate is not None  # noqa: S101  # a list with such projections has one
    schema = targets.substrate.schema
    later: dict[int, str] = {}
    if services.large is not None and targets.are_fed:
        others = [row.record_id for row in own]
        later = of_large(connection, schema, arrived, services.large, others)
    now = [one for one in arrived if one.index not in later]
    groups = [*(one.nodes for one in now), *((row.record_id,) for row in own)]
    about_protocols = any(one.record_id == services.protocol_stream for one in own)
    _wait_for_other_folds(connection, wanted=about_protocols and targets.are_fed)
    if targets.files:
        substrate.file(connection, schema, arrived)
        own_events.file(connection, schema, own)
        touched = links.join(connection, schema, groups)
    else:  # the substrate has the events already
        touched = links.lock(connection, schema, [group[0] for group in groups])
    waiting = [_waiting(one, later) for one in arrived if one.index in later]
    if waiting:
        parking.park(connection, waiting)
    batch = [BatchEvent(touched.of[one.nodes[0]], one.index, one.event_id) for one in now]
    stated = {one.component for one in batch} | set(touched.absorbed.values())
    batch += [
        BatchEvent(touched.of[row.record_id], row.source_position, row.event_id) for row in own
    ]
    parked = refold(connection, targets, touched, batch, services, stated=stated, arrived=now)
    parked += refold_for_protocols(connection, targets, own, services)
    return waiting + parked


def _wait_for_other_folds(connection: Connection[Any], *, wanted: bool) -> None:
    """Wait until no other transaction folds with the protocols as they were: see ``protocols``."""
    if wanted:
        connection.execute("select pg_advisory_xact_lock(%s)", (generations.FOLDING,))


def _add_event_rows(
    connection: Connection[Any],
    targets: Targets,
    events: Sequence[RecordedEvent],
    flat: Sequence[LoggedEvent],
    arrived: Sequence[ArrivedStatement],
) -> None:
    if not targets.by_event:
        return
    statements = (
        {one.index: one.filed.statement for one in arrived if one.filed is not None}
        if targets.of_components
        else statements_of(flat)
    )
    for generation, by_event in targets.by_event:
        for schema, one, rows in schema_rows(generation, by_event.rows(events, statements)):
            table.load(connection, schema, one, rows)


def _waiting(one: ArrivedStatement, components: Mapping[int, str]) -> ParkedEvent:
    return ParkedEvent(
        component=components[one.index],
        index=one.index,
        event_id=one.event_id,
        reason="",
        part="waiting",
    )


def statements_of(events: Sequence[LoggedEvent]) -> dict[int, Statement]:
    """Decode the statements among ``events``, by index. Unreadable ones are left out."""
    found: dict[int, Statement] = {}
    for one in events:
        if is_statement(one.topic):
            try:
                found[one.index], _ = decode_body(one.body)
            except ValueError:
                continue
    return found
