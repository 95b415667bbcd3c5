"""Rows of a rebuild that PostgreSQL refuses: find their components, and set these aside.

Live, the rows of one component are written into tables that have their keys. A rebuild writes the
rows of many components together, and adds the keys at the end. So it has to look for the rows that
a key or an index refuses.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, TypeAlias

import psycopg
from psycopg import Connection, sql

from projections.engine import table
from projections.engine.failures import is_of_content, reason_of
from projections.engine.generations import Generation, settle
from projections.engine.parking import ParkedEvent, Part
from projections.engine.table import Table
from projections.engine.targets import Targets

#: By schema, name of the table, and component whose rows it refuses: the reason.
Refused: TypeAlias = dict[tuple[str, str, str], str]

#: An entry of fewer bytes fits into every index.
_FITS: Final = 2_000

_EVENTS: Final = """
select distinct c.component, e.source_position, e.event_id
from {component} as c
join (
    select record_id, source_position, event_id from {statement}
    union all select record_id, source_position, event_id from {own_event}
) as e on e.record_id = c.node
where c.component = any(%s)
order by 2
"""


def settled(connection: Connection[Any], schema: str, one: Table) -> tuple[int, Refused]:
    """Add the keys of a loaded table, after removing the components whose rows a key refuses.

    Returns:
        The number of rows that the table had, and the components that were removed from it.
    """
    refused: Refused = {}
    removed = 0
    while True:
        try:
            return settle(connection, schema, one) + removed, refused
        except psycopg.Error as error:
            if not is_of_content(error) or "component" not in one.names:
                raise
            found = _refused_by_keys(connection, schema, one, error)
            if not found:
                raise
            removed += _remove(connection, schema, one, found)
            refused |= {(schema, one.name, name): reason_of(error) for name in found}


def set_aside(connection: Connection[Any], targets: Targets, refused: Refused) -> list[ParkedEvent]:
    """Remove all rows of refused components; return their events, as a batch does live.

    If only a projection of own streams refuses the rows, the patient's encounters stay.
    """
    if not refused or targets.substrate is None:
        return []
    by_component = [generation for generation, _ in targets.by_component]
    by_course = [generation for generation, _ in targets.by_course]
    whole = _first_reasons(by_component, refused)
    course = {
        name: reason
        for name, reason in _first_reasons(by_course, refused).items()
        if name not in whole
    }
    _remove_everywhere(connection, by_component, whole)
    _remove_everywhere(connection, by_course, [*whole, *course])
    return [
        *_events(connection, targets.substrate, whole, "statements"),
        *_events(connection, targets.substrate, course, "course"),
    ]


def _first_reasons(generations: Iterable[Generation], refused: Refused) -> dict[str, str]:
    """Return why components are refused, by the first table that does, as when they are written."""
    found: dict[str, str] = {}
    for generation in generations:
        for one in generation.projection.tables:
            for (schema, name, component), reason in refused.items():
                if (schema, name) == (generation.schema, one.name):
                    found.setdefault(component, reason)
    return found


def _remove_everywhere(
    connection: Connection[Any], generations: Iterable[Generation], names: Collection[str]
) -> None:
    for generation in generations:
        for one in generation.projection.tables:
            _remove(connection, generation.schema, one, names)


def _remove(connection: Connection[Any], schema: str, one: Table, names: Collection[str]) -> int:
    return connection.execute(
        sql.SQL("delete from {} where component = any(%s)").format(one.at(schema)), (list(names),)
    ).rowcount


def _events(
    connection: Connection[Any], substrate: Generation, reasons: Mapping[str, str], part: Part
) -> list[ParkedEvent]:
    if not reasons:
        return []
    query = sql.SQL(_EVENTS).format(
        **{
            name: sql.Identifier(substrate.schema, name)
            for name in ("component", "statement", "own_event")
        }
    )
    return [
        ParkedEvent(
            component=component,
            index=index,
            event_id=event_id,
            reason=reasons[component],
            part=part,
        )
        for component, index, event_id in connection.execute(query, (list(reasons),)).fetchall()
    ]


def _refused_by_keys(
    connection: Connection[Any], schema: str, one: Table, error: psycopg.Error
) -> list[str]:
    """Return the components of the rows that prevent a key or an index."""
    if isinstance(error, psycopg.errors.UniqueViolation):
        rows = connection.execute(
            sql.SQL(
                "select distinct component from ("
                " select component, count(*) over (partition by {}) as rows from {}"
                ") as keyed where rows > 1"
            ).format(table.names_of(one.key), one.at(schema))
        ).fetchall()
        return [component for (component,) in rows]
    return _too_long(connection, schema, one)


def _too_long(connection: Connection[Any], schema: str, one: Table) -> list[str]:
    """Return the components of rows that do not fit into an index: each is tried in a copy."""
    kinds = {column.name: column.kind for column in one.columns}
    lengths = [
        sql.SQL(" + ").join(
            sql.SQL("coalesce(octet_length({}), 0)").format(sql.Identifier(name))
            for name in entry
            if kinds[name] == "text"
        )
        for entry in (one.key, *one.indexes)
        if any(kinds[name] == "text" for name in entry)
    ]
    rows = connection.execute(
        sql.SQL("select ctid::text, component from {} where greatest({}) > {}").format(
            one.at(schema), sql.SQL(", ").join(lengths), sql.Literal(_FITS)
        )
    ).fetchall()
    found: dict[str, None] = {}
    with connection.transaction(force_rollback=True):
        copy = "pg_temp"
        connection.execute(
            sql.SQL("create temp table {} (like {} including storage)").format(
                sql.Identifier(one.name), one.at(schema)
            )
        )
        table.index(connection, copy, one)
        insert = sql.SQL("insert into {} select * from {} where ctid = %s::tid").format(
            one.at(copy), one.at(schema)
        )
        for place, component in rows:
            try:
                with connection.transaction(force_rollback=True):
                    connection.execute(insert, (place,))
            except psycopg.Error as error:
                if not is_of_content(error):
                    raise
                found[component] = None
    return list(found)
