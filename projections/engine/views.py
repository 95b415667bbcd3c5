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
_PLACE: Final = frozenset({"unit", "room", "bed", "building", "floor", "place_ref"})


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


#: Records of production, which analysts see.
PRODUCTION: Final = "mode = 'P'"

#: Each view of the two schemas with its columns, their types, and the query that defined it.
_DEFINED: Final = """
select n.nspname || '.' || c.relname, array_agg(a.attname::text order by a.attnum),
    array_agg(format_type(a.atttypid, a.atttypmod) order by a.attnum), d.query
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace and n.nspname in ('proj', 'care')
join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0
left join proj.definition as d on d.view = n.nspname || '.' || c.relname
where c.relkind = 'v'
group by 1, d.query
"""

#: Roles belong to the whole server: another of its databases may be creating this one just now.
_ANALYST: Final = """
do $$ begin
    create role care_analyst nologin;
    alter role care_analyst set statement_timeout = '120s';
    alter role care_analyst set default_transaction_read_only = on;
exception when duplicate_object or unique_violation then null;
end $$
"""


class Definitions:
    """The views of ``proj`` and ``care`` as they are defined now, and how they are changed.

    The definitions are read once, because every process that starts compares all views.
    """

    def __init__(self, connection: Connection[Any], *, compare_only: bool = False) -> None:
        """Read the definitions. With ``compare_only``, no view is changed."""
        self._connection = connection
        self._compare_only = compare_only
        self.changed = False  # whether a view was created or replaced, or would be
        self._read()

    def _read(self) -> None:
        rows = self._connection.execute(_DEFINED).fetchall()
        self._columns: dict[str, dict[str, sql.Composable]] = {
            view: {name: sql.SQL(f"null::{kind}") for name, kind in zip(names, kinds, strict=True)}
            for view, names, kinds, _ in rows
        }
        self._queries: dict[str, str] = {view: query for view, _, _, query in rows}

    def follow(self, table: Table, schema: str, version: int) -> None:
        """Point the view in ``proj`` over a table to the table of a generation."""
        columns: dict[str, sql.Composable] = {name: sql.Identifier(name) for name in table.names}
        columns["projection_version"] = sql.Literal(version)
        self.define("proj", table.name, columns, sql.SQL("from {}").format(table.at(schema)))

    def define(
        self,
        schema: str,
        view: str,
        columns: Mapping[str, sql.Composable],
        source: sql.Composable,
        *,
        meaning: str = "",
        comments: Mapping[str, str] | None = None,
    ) -> None:
        """Create or replace a view with its comments.

        The columns that the view has already stay first, in their order. A column that it has and
        that ``columns`` lacks is null from now on. If query and comments are the same already,
        nothing is locked.

        Args:
            schema: The schema of the view.
            view: Its name.
            columns: The expression of each column.
            source: The query from ``from`` to its end.
            meaning: The comment on the view.
            comments: The comments on its columns.
        """
        name = f"{schema}.{view}"
        comments = comments or {}
        shown = {**self._columns.get(name, {}), **columns}
        query = sql.SQL("select {} {}").format(
            sql.SQL(", ").join(
                sql.SQL("{} as {}").format(expression, sql.Identifier(column))
                for column, expression in shown.items()
            ),
            source,
        )
        text = "\n".join(
            [query.as_string(None), meaning, *(f"{each}: {comments[each]}" for each in comments)]
        )
        if self._queries.get(name) == text:
            return
        self.changed = True
        if self._compare_only:
            return
        identifier = sql.Identifier(schema, view)
        create = sql.SQL("create or replace view {} as {}").format(identifier, query)
        try:
            with self._connection.transaction():
                self._connection.execute(create)
        except psycopg.errors.InvalidTableDefinition:  # a column has another type than before
            self._connection.execute(sql.SQL("drop view {} cascade").format(identifier))
            self._connection.execute(create)
            self._read()  # the views over it are gone
        if meaning:
            _comment(self._connection, identifier, meaning, schema, view, comments)
        self._connection.execute(
            """
            insert into proj.definition values (%s, %s)
            on conflict (view) do update set query = excluded.query
            """,
            (name, text),
        )


def _comment(
    connection: Connection[Any],
    identifier: sql.Identifier,
    meaning: str,
    schema: str,
    view: str,
    columns: Mapping[str, str],
) -> None:
    comments = [sql.SQL("comment on view {} is {}").format(identifier, sql.Literal(meaning))]
    comments += [
        sql.SQL("comment on column {} is {}").format(
            sql.Identifier(schema, view, name), sql.Literal(text)
        )
        for name, text in columns.items()
    ]
    connection.execute(sql.SQL("; ").join(comments))  # at once: a new home has hundreds


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
    definitions: Definitions,
    views: Iterable[TableView | QueryView],
    readable: Collection[str],
) -> None:
    """Create the views that are missing or have changed, with their comments.

    A view stays as it is as long as a table that it reads is not in ``readable``: the tables that
    have an active generation of this release.
    """
    for view in views:
        tables = (view.table,) if isinstance(view, TableView) else view.tables
        if any(one.name not in readable for one in tables):
            continue
        if isinstance(view, TableView):
            _publish_table(definitions, view)
        else:
            _publish_query(definitions, view)


def _publish_query(definitions: Definitions, view: QueryView) -> None:
    columns: dict[str, sql.Composable] = {name: sql.Identifier(name) for name in view.columns}
    source = sql.SQL("from ({}) as found").format(sql.SQL(view.query))
    mode: dict[str, sql.Composable] = {"mode": sql.Identifier("mode")}
    definitions.define("proj", view.name, columns | mode, source)
    definitions.define(
        "care",
        view.name,
        columns,
        _from_proj(view.name, PRODUCTION),
        meaning=view.comment,
        comments=view.columns,
    )


def _publish_table(definitions: Definitions, view: TableView) -> None:
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
    definitions.define(
        "care",
        view.name,
        columns,
        _from_proj(view.table.name, view.where),
        meaning=view.table.comment,
        comments=comments,
    )


def _from_proj(name: str, where: LiteralString) -> sql.Composed:
    return sql.SQL("from {} where {}").format(sql.Identifier("proj", name), sql.SQL(where))


def grant(connection: Connection[Any]) -> None:
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
