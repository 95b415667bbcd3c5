"""The views: schema ``proj`` for the application, schema ``care`` for analysts.

The views of ``care`` are a contract. Every view and column has a comment. They show production
records only, and no sealed segment. The place of a part2 unit is null.

Views only gain columns. If an installation has a view already, its new columns come last, wherever
they are in the table. So PostgreSQL can replace the view, and views that analysts have made of it
still work.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import psycopg
from psycopg import Connection, sql

from projections.engine.table import Table

#: Columns that are null for a unit under 42 CFR Part 2, because they say where the patient is.
_PLACE: Final = frozenset({"unit", "room", "bed", "place_ref"})


@dataclass(frozen=True, slots=True)
class ExtraColumn:
    """A column that a view adds to those of its table."""

    name: str
    expression: LiteralString
    comment: str


@dataclass(frozen=True, slots=True)
class TableView:
    """A view of schema ``care`` over one table: its published columns, then ``extras``."""

    name: str
    table: Table
    where: LiteralString
    extras: tuple[ExtraColumn, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryView:
    """A view of schema ``proj`` over a query, and a view of schema ``care`` over that.

    ``query`` reads views of schema ``proj`` over ``tables``, and has a column ``mode``. ``columns``
    are those of the view in ``care``, with their comments.
    """

    name: str
    query: LiteralString
    tables: tuple[Table, ...]
    comment: str
    columns: Mapping[str, str]


#: Records of production: the ones that analysts see.
PRODUCTION: Final = "mode = 'P'"

#: Roles belong to the whole server: another of its databases may be creating this one just now.
_ANALYST: Final = """
do $$ begin
    create role care_analyst nologin;
    alter role care_analyst set statement_timeout = '120s';
    alter role care_analyst set default_transaction_read_only = on;
exception when duplicate_object or unique_violation then null;
end $$
"""


def follow(connection: Connection[Any], table: Table, schema: str, version: int) -> None:
    """Point the view in ``proj`` over a table to the table of a generation."""
    columns: dict[str, sql.Composable] = {name: sql.Identifier(name) for name in table.names}
    columns["projection_version"] = sql.Literal(version)
    define(connection, "proj", table.name, columns, sql.SQL("from {}").format(table.at(schema)))


def define(
    connection: Connection[Any],
    schema: str,
    view: str,
    columns: Mapping[str, sql.Composable],
    source: sql.Composable,
    *,
    meaning: str = "",
    comments: Mapping[str, str] | None = None,
) -> bool:
    """Create or replace a view with its comments.

    The columns that the view has already stay first, in their order. A column that it has and that
    ``columns`` lacks is null from now on. If query and comments are the same already, nothing is
    locked.

    Args:
        connection: Of the caller.
        schema: The schema of the view.
        view: Its name.
        columns: The expression of each column.
        source: The query from ``from`` to its end.
        meaning: The comment on the view.
        comments: The comments on its columns.

    Returns:
        Whether the view was created or replaced.
    """
    name = f"{schema}.{view}"
    comments = comments or {}
    shown = {**_before(connection, name), **columns}
    query = sql.SQL("select {} {}").format(
        sql.SQL(", ").join(
            sql.SQL("{} as {}").format(expression, sql.Identifier(column))
            for column, expression in shown.items()
        ),
        source,
    )
    text = "\n".join(
        [query.as_string(connection), meaning, *(f"{each}: {comments[each]}" for each in comments)]
    )
    same = connection.execute(
        "select from proj.definition where view = %s and query = %s"
        " and to_regclass(view) is not null",
        (name, text),
    ).fetchone()
    if same is not None:
        return False
    identifier = sql.Identifier(schema, view)
    create = sql.SQL("create or replace view {} as {}").format(identifier, query)
    try:
        with connection.transaction():
            connection.execute(create)
    except psycopg.errors.InvalidTableDefinition:  # a column has another type than before
        connection.execute(sql.SQL("drop view {} cascade").format(identifier))
        connection.execute(create)
    if meaning:
        _comment(connection, identifier, meaning, schema, view, comments)
    connection.execute(
        """
        insert into proj.definition values (%s, %s)
        on conflict (view) do update set query = excluded.query
        """,
        (name, text),
    )
    return True


def _before(connection: Connection[Any], name: str) -> dict[str, sql.Composable]:
    """Return a null for each column that a view has now, in the order of the view."""
    rows = connection.execute(
        """
        select attname, format_type(atttypid, atttypmod)
        from pg_attribute where attrelid = to_regclass(%s) and attnum > 0 order by attnum
        """,
        (name,),
    ).fetchall()
    return {column: sql.SQL(f"null::{kind}") for column, kind in rows}


def _comment(
    connection: Connection[Any],
    identifier: sql.Identifier,
    meaning: str,
    schema: str,
    view: str,
    columns: Mapping[str, str],
) -> None:
    connection.execute(sql.SQL("comment on view {} is {}").format(identifier, sql.Literal(meaning)))
    for name, text in columns.items():
        connection.execute(
            sql.SQL("comment on column {} is {}").format(
                sql.Identifier(schema, view, name), sql.Literal(text)
            )
        )


def lock(connection: Connection[Any]) -> None:
    """Keep readers away from the views of ``proj`` until the transaction ends.

    Raises:
        psycopg.errors.LockNotAvailable: A reader holds a view for longer than ``lock_timeout``.
    """
    views = connection.execute(
        "select viewname from pg_views where schemaname = 'proj' order by 1"
    ).fetchall()
    if views:
        connection.execute(
            sql.SQL("lock table {} in access exclusive mode").format(
                sql.SQL(", ").join(sql.Identifier("proj", name) for (name,) in views)
            )
        )


def publish(
    connection: Connection[Any],
    views: Iterable[TableView | QueryView],
    readable: Collection[str],
) -> None:
    """Create the views that are missing or have changed, with their comments and rights.

    A view stays as it is as long as a table that it reads is not in ``readable``: the tables that
    have an active generation of this release.
    """
    changed: list[bool] = []
    for view in views:
        tables = (view.table,) if isinstance(view, TableView) else view.tables
        if any(one.name not in readable for one in tables):
            continue
        if isinstance(view, TableView):
            changed.append(_publish_table(connection, view))
        else:
            changed.append(_publish_query(connection, view))
    if any(changed):
        _grant(connection)


def _publish_query(connection: Connection[Any], view: QueryView) -> bool:
    columns: dict[str, sql.Composable] = {name: sql.Identifier(name) for name in view.columns}
    source = sql.SQL("from ({}) as found").format(sql.SQL(view.query))
    mode: dict[str, sql.Composable] = {"mode": sql.Identifier("mode")}
    changed = define(connection, "proj", view.name, columns | mode, source)
    shown = define(
        connection,
        "care",
        view.name,
        columns,
        _from_proj(view.name, PRODUCTION),
        meaning=view.comment,
        comments=view.columns,
    )
    return changed or shown


def _publish_table(connection: Connection[Any], view: TableView) -> bool:
    part2 = "is_part2" in view.table.names
    shown = [column for column in view.table.columns if column.published]
    columns: dict[str, sql.Composable] = {
        column.name: sql.SQL("case when not is_part2 then {} end").format(
            sql.Identifier(column.name)
        )
        if part2 and column.name in _PLACE
        else sql.Identifier(column.name)
        for column in shown
    }
    columns["projection_version"] = sql.Identifier("projection_version")
    columns |= {extra.name: sql.SQL(extra.expression) for extra in view.extras}
    comments = {column.name: column.comment for column in shown}
    comments["projection_version"] = "Generation of the projection that the row comes from."
    comments |= {extra.name: extra.comment for extra in view.extras}
    return define(
        connection,
        "care",
        view.name,
        columns,
        _from_proj(view.table.name, view.where),
        meaning=view.table.comment,
        comments=comments,
    )


def _from_proj(name: str, where: LiteralString) -> sql.Composed:
    return sql.SQL("from {} where {}").format(sql.Identifier("proj", name), sql.SQL(where))


def _grant(connection: Connection[Any]) -> None:
    """Let analysts read the views, if this server lets us create a role for them."""
    may = connection.execute(
        "select rolcreaterole or rolsuper,"
        " exists (select from pg_roles where rolname = 'care_analyst')"
        " from pg_roles where rolname = current_user"
    ).fetchone()
    if may is None or not (may[0] or may[1]):
        return
    if not may[1]:
        connection.execute(_ANALYST)
    connection.execute("grant usage on schema care to care_analyst")
    connection.execute("grant select on all tables in schema care to care_analyst")
