"""Replace the rows of components in the tables of generations."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from psycopg import Connection, sql

from projections.engine.arrays import texts
from projections.engine.component_memory import ChangedRows
from projections.engine.failures import is_of_content, reason_of
from projections.engine.generations import Generation
from projections.engine.table import Row, Table, array_of, load, names_of
from projections.engine.targets import SchemaRows


def replace(
    connection: Connection[Any],
    generations: Sequence[Generation],
    fresh: Mapping[str, list[SchemaRows]],
    *,
    before: Collection[str],
    absorbed: Mapping[str, str],
    changed: Mapping[str, Sequence[ChangedRows]] = MappingProxyType({}),
) -> dict[str, str]:
    """Replace the rows of components, and rename the rows of absorbed components.

    Args:
        connection: A connection in the transaction of the caller.
        generations: The generations whose rows are replaced.
        fresh: The new rows, by component. Other components keep their rows.
        before: The components that may have rows. The others are new.
        absorbed: Absorbed components, each with the component that absorbed it.
        changed: Of components whose rows are known, those that differ. Only these are written.

    Returns:
        The components whose new rows cannot be written, and the reason. They keep the rows that
        they had.
    """
    refused: dict[str, str] = {}
    if fresh:
        refused = _replace(connection, generations, fresh, before, absorbed, changed)
    for other, now in absorbed.items():
        if now not in fresh or now in refused:
            _rename(connection, generations, other, now)
    return refused


def _replace(
    connection: Connection[Any],
    generations: Sequence[Generation],
    fresh: Mapping[str, list[SchemaRows]],
    before: Collection[str],
    absorbed: Mapping[str, str],
    changed: Mapping[str, Sequence[ChangedRows]],
) -> dict[str, str]:
    gone = [name for name in before if name in fresh and name not in changed]
    gone += [name for name, now in absorbed.items() if now in fresh]
    try:
        with connection.transaction():
            whole = [rows for name, rows in fresh.items() if name not in changed]
            _write(connection, generations, gone, whole)
            for name in fresh:
                _write_changed(connection, changed.get(name, ()))
    except Exception as error:
        if not is_of_content(error):
            raise
        if len(fresh) == 1:
            return dict.fromkeys(fresh, reason_of(error))
    else:
        return {}
    refused: dict[str, str] = {}
    for name, rows in fresh.items():
        mine = {other: now for other, now in absorbed.items() if now == name}
        refused |= _replace(connection, generations, {name: rows}, before, mine, changed)
    return refused


def _write(
    connection: Connection[Any],
    generations: Sequence[Generation],
    gone: Sequence[str],
    fresh: Iterable[list[SchemaRows]],
) -> None:
    if gone:
        tables = tuple(
            (one.schema, table.name) for one in generations for table in one.projection.tables
        )
        connection.execute(_delete(tables), {"gone": texts(gone)})
    by_table: dict[tuple[str, str], tuple[Table, list[Row]]] = {}
    for found in fresh:
        for schema, table, rows in found:
            by_table.setdefault((schema, table.name), (table, []))[1].extend(rows)
    for (schema, _), (table, rows) in by_table.items():
        load(connection, schema, table, rows)


def _write_changed(connection: Connection[Any], changed: Iterable[ChangedRows]) -> None:
    given = list(changed)
    for one in given:
        if one.gone:
            kinds = {column.name: column.kind for column in one.table.columns}
            columns = zip(*one.gone, strict=True)
            connection.execute(
                _delete_keys(one.schema, one.table),
                [
                    array_of(kinds[name], values)
                    for name, values in zip(one.table.key, columns, strict=True)
                ],
            )
    for one in given:
        load(connection, one.schema, one.table, one.rows)


@lru_cache(maxsize=16)
def _delete_keys(schema: str, table: Table) -> bytes:
    """Return a statement that deletes rows by key. It takes an array for each column of the key."""
    kinds = {column.name: column.kind for column in table.columns}
    return (
        sql.SQL("delete from {table} as t using unnest({arrays}) as gone({key}) where {same}")
        .format(
            table=table.at(schema),
            arrays=sql.SQL(", ").join(sql.SQL(f"%s::{kinds[name]}[]") for name in table.key),
            key=names_of(table.key),
            same=sql.SQL(" and ").join(
                sql.SQL("t.{0} = gone.{0}").format(sql.Identifier(name)) for name in table.key
            ),
        )
        .as_bytes(None)
    )


@lru_cache(maxsize=8)
def _delete(tables: tuple[tuple[str, str], ...]) -> bytes:
    """Return one statement that deletes the rows of components from all ``tables``."""
    gone = [
        sql.SQL("gone{} as (delete from {} where component = any(%(gone)s::text[]))").format(
            sql.SQL(str(number)), sql.Identifier(*table)
        )
        for number, table in enumerate(tables)
    ]
    return sql.SQL("with {} select").format(sql.SQL(", ").join(gone)).as_bytes(None)


def _rename(
    connection: Connection[Any], generations: Sequence[Generation], before: str, now: str
) -> None:
    """Give the rows of an absorbed component the name of the component that absorbed it."""
    for generation in generations:
        for table in generation.projection.tables:
            connection.execute(
                sql.SQL("update {} set component = %s where component = %s").format(
                    table.at(generation.schema)
                ),
                (now, before),
            )
