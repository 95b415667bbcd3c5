"""Apply events to all read models, exactly once, in one transaction.

What a batch touches is interpreted anew from everything that was ever stated about it, so that
rows depend on the set of events alone: on no order, no split, no repetition.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias, TypeVar

import psycopg
from psycopg import Connection, sql

from domain.body import RecordedEvent
from projections import audit_trail, catalogue, last_seen
from projections.catalogue import Version
from projections.engine import component as interpreted
from projections.engine import links, parking, position, substrate
from projections.engine.arrays import texts
from projections.engine.links import Touched
from projections.engine.parking import Parked
from projections.engine.position import Heal
from projections.engine.services import Services
from projections.engine.substrate import FiledStatement, Read, Stored
from projections.engine.table import Row, Table, load

#: Two appliers that join the same components the other way round: one of them begins again.
_ATTEMPTS: Final = 5

#: Rows for one table of one schema.
Rows: TypeAlias = tuple[str, Table, list[Row]]

Made = TypeVar("Made")

#: The server need not write a batch to disk before it answers: should it lose the last ones, their
#: positions are lost with them, and they come again from the topic or the store.
_BEGIN: Final = (
    "select set_config('synchronous_commit', 'off', true), pg_advisory_xact_lock_shared(%s)"
)

#: What is wrong with the content, and not with the server: it parks a component.
_OF_CONTENT: Final = (psycopg.DataError, psycopg.IntegrityError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What became of a batch."""

    applied: int  # events that changed the read models, healed ones included
    skipped: int  # repeats
    healed: int  # events fetched from the store to fill holes
    parked: tuple[Parked, ...]  # set aside in this batch
    positions: dict[int, int]  # partition: index of the last event applied, where it moved


def apply(
    connection: Connection[Any],
    batch: Sequence[RecordedEvent],
    *,
    heal: Heal,
    services: Services,
    only: Collection[str] = (),
) -> Applied:
    """Apply a batch of events, of any partitions, to all projections, in one transaction.

    ``only``: just these projections, in a database where nobody needs the others; once they have
    gone apart, only a rebuild of all brings them together.

    Repeats are skipped; holes are filled through ``heal``. A component that cannot be interpreted
    is set aside with its events, and the others go on. ``connection`` is in autocommit mode.

    Raises:
        position.HoleNotFilled: Events are missing that the store does not have.
        position.OtherIncarnation: The events are of another life of the store.
        catalogue.NeedsRebuild: Tables are missing or of another release.
        psycopg.OperationalError: The database is not there; nothing was applied.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return _apply(connection, batch, heal, services, only)
        except psycopg.errors.DeadlockDetected:
            continue
    return _apply(connection, batch, heal, services, only)


def positions(connection: Connection[Any]) -> dict[int, int]:
    """Return the index of the last event applied, by partition."""
    return position.read(connection, _numbers(catalogue.active(connection)))


def complete_through(connection: Connection[Any], last_ids: Mapping[int, int]) -> int:
    """Return the position up to which every partition has applied all its events.

    ``last_ids``: the index of the last event of each partition in the store.
    """
    return position.complete_through(positions(connection), last_ids)


def retry(connection: Connection[Any], services: Services) -> list[Parked]:
    """Interpret what is set aside again; return what has to stay so."""
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock_shared(%s)", (catalogue.FOLDING,))
        versions = catalogue.active(connection)
        before = parking.parked(connection)
        waiting = sorted({one.component for one in before})
        touched = links.lock(connection, versions[substrate.NAME].schema, waiting)
        parking.release(connection, waiting)
        indexes = frozenset(one.index for one in before)
        return _refold(connection, versions, versions[substrate.NAME], touched, indexes, services)


def project(
    connection: Connection[Any],
    targets: Mapping[str, Version],
    statements: Version,
    events: Sequence[RecordedEvent],
    services: Services,
) -> list[Parked]:
    """Change the rows of ``targets`` by ``events``, in the transaction of the caller.

    ``statements``: the substrate to interpret from; where it is no target, it has the events.
    """
    if last_seen.NAME in targets:
        last_seen.upsert(connection, targets[last_seen.NAME].schema, events)
    if targets.keys() <= {last_seen.NAME}:
        return []
    stated = [
        substrate.read(recorded)
        for recorded in events
        if substrate.is_statement(recorded.envelope.topic)
    ]
    if audit_trail.NAME in targets:
        read = {one.source_position: one.statement for one in stated if one.statement}
        schema = targets[audit_trail.NAME].schema
        load(connection, schema, audit_trail.EVENT, audit_trail.rows(events, read))
    if not any(one.projection.rows or name == substrate.NAME for name, one in targets.items()):
        return []
    if substrate.NAME in targets:
        substrate.file(connection, statements.schema, stated)
        touched = links.join(connection, statements.schema, [one.nodes for one in stated])
    else:
        touched = links.lock(connection, statements.schema, [one.nodes[0] for one in stated])
    indexes = {one.source_position for one in stated}
    return _refold(connection, targets, statements, touched, indexes, services, stated)


def _refold(  # one step of the above
    connection: Connection[Any],
    targets: Mapping[str, Version],
    statements: Version,
    touched: Touched,
    indexes: Collection[int],
    services: Services,
    stated: Sequence[Read] = (),
) -> list[Parked]:
    """Interpret the components touched, and replace their rows; set aside what cannot be.

    ``indexes``: the events to be set aside with a component; ``stated``: statements that are at
    hand, the others are read.
    """
    folded = [one for one in targets.values() if one.projection.rows is not None]
    if not folded or not touched.components:
        return []
    if touched.absorbed:
        parking.rename(connection, touched.absorbed)
    with connection.pipeline():
        read = substrate.filed_by_component(
            connection,
            statements.schema,
            touched.components,
            but=[one.source_position for one in stated],
        )
        reasons = parking.among(connection, touched.components)
    filed: dict[str, list[Read | Stored]] = {name: [*found] for name, found in read.items()}
    for one in stated:
        filed[touched.of[one.nodes[0]]].append(one)
    decoded = _each(
        touched.components,
        lambda name: sorted((one.filed() for one in filed[name]), key=_index),
        reasons,
    )
    services.warm({one.statement.record for found in decoded.values() for one in found})
    fresh = _each(decoded, lambda name: rows_of(name, decoded[name], folded, services), reasons)
    reasons |= _replace(
        connection, folded, fresh, [one for one in read if read[one]], touched.absorbed
    )
    for other, now in touched.absorbed.items():
        if now in reasons:
            _rename(connection, folded, other, now)
    parked = [
        Parked(component=name, index=one.source_position, event_id=one.event_id, reason=reason)
        for name, reason in reasons.items()
        for one in filed[name]
        if one.source_position in indexes
    ]
    if parked:
        parking.park(connection, parked)
    return parked


def _each(
    names: Iterable[str], make: Callable[[str], Made], reasons: dict[str, str]
) -> dict[str, Made]:
    """Make something of every component not set aside; where it fails, add to ``reasons``."""
    made: dict[str, Made] = {}
    for name in names:
        if name in reasons:
            continue
        try:
            made[name] = make(name)
        except (psycopg.Error, OSError):
            raise  # the server's trouble, not this component's
        except Exception as error:  # noqa: BLE001  # set aside with its reason, never lost
            reasons[name] = type(error).__name__
    return made


def rows_of(
    name: str,
    filed: Sequence[FiledStatement],
    versions: Sequence[Version],
    services: Services,
) -> list[Rows]:
    """Return the rows of a component, given by index, for every table of ``versions``."""
    component = interpreted.component(name, filed, services.interpret)
    found: list[Rows] = []
    for version in versions:
        if version.projection.rows is not None:
            by_table = version.projection.rows(component, services)
            found += [
                (version.schema, table, by_table[table.name]) for table in version.projection.tables
            ]
    return found


def _replace(
    connection: Connection[Any],
    versions: Sequence[Version],
    fresh: Mapping[str, list[Rows]],
    before: Collection[str],
    absorbed: Mapping[str, str],
) -> dict[str, str]:
    """Replace the rows of components; return those whose rows the database refuses, and why.

    ``before``: those of them that may have rows.
    """
    gone = [name for name in before if name in fresh]
    gone += [name for name, now in absorbed.items() if now in fresh]
    try:
        with connection.transaction():
            _write(connection, versions, gone, fresh.values())
    except _OF_CONTENT as error:
        if len(fresh) == 1:
            return dict.fromkeys(fresh, type(error).__name__)
    else:
        return {}
    refused: dict[str, str] = {}
    for name, rows in fresh.items():
        mine = {other: now for other, now in absorbed.items() if now == name}
        refused |= _replace(connection, versions, {name: rows}, before, mine)
    return refused


def _write(
    connection: Connection[Any],
    versions: Sequence[Version],
    gone: Sequence[str],
    fresh: Iterable[list[Rows]],
) -> None:
    if gone:
        tables = tuple(
            (version.schema, table.name)
            for version in versions
            for table in version.projection.tables
        )
        connection.execute(_delete(tables), {"gone": texts(gone)})
    batches: dict[tuple[str, str], tuple[Table, list[Row]]] = {}
    for found in fresh:
        for schema, table, rows in found:
            batches.setdefault((schema, table.name), (table, []))[1].extend(rows)
    for (schema, _), (table, rows) in batches.items():
        load(connection, schema, table, rows)


@lru_cache(maxsize=8)
def _delete(tables: tuple[tuple[str, str], ...]) -> bytes:
    """Return one statement that empties all ``tables`` of components: one round trip."""
    gone = [
        sql.SQL("gone{} as (delete from {} where component = any(%(gone)s::text[]))").format(
            sql.SQL(str(number)), sql.Identifier(*table)
        )
        for number, table in enumerate(tables)
    ]
    return sql.SQL("with {} select").format(sql.SQL(", ").join(gone)).as_bytes(None)


def _rename(
    connection: Connection[Any], versions: Sequence[Version], before: str, now: str
) -> None:
    """Let the rows of an absorbed component follow it, where they could not be replaced."""
    for version in versions:
        for table in version.projection.tables:
            connection.execute(
                sql.SQL("update {} set component = %s where component = %s").format(
                    table.at(version.schema)
                ),
                (now, before),
            )


def _apply(
    connection: Connection[Any],
    batch: Sequence[RecordedEvent],
    heal: Heal,
    services: Services,
    only: Collection[str],
) -> Applied:
    with connection.transaction():
        with connection.pipeline():
            connection.execute(_BEGIN, (catalogue.FOLDING,))
            active = catalogue.active(connection)
        versions = {name: one for name, one in active.items() if not only or name in only}
        numbers = _numbers(versions)
        held = position.lock(
            connection, numbers, (recorded.envelope.partition for recorded in batch)
        )
        due = position.due(batch, held, heal)
        parked = (
            project(connection, versions, active[substrate.NAME], due.events, services)
            if due.events
            else []
        )
        moved = position.advance(connection, numbers, held, due.events)
    return Applied(
        applied=len(due.events),
        skipped=due.skipped,
        healed=due.healed,
        parked=tuple(parked),
        positions=moved,
    )


def _numbers(versions: Mapping[str, Version]) -> dict[str, int]:
    return {name: version.version for name, version in versions.items()}


def _index(filed: FiledStatement) -> int:
    return filed.index
