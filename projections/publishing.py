"""The views that read: schema ``proj`` for the application, schema ``care`` for analysts.

What analysts see is a contract: views only gain columns, at the end; every view and column has a
comment; production records only; core only; the place of a part2 unit is null.
"""

from dataclasses import dataclass
from typing import Any, Final, LiteralString

import psycopg
from psycopg import Connection, sql

from projections import audit_trail, census, patients, timeline
from projections.engine.table import Table

#: Columns that would say where a patient is, null for a unit that 42 CFR Part 2 covers.
_PLACE: Final = frozenset({"unit", "room", "bed", "place_ref"})


@dataclass(frozen=True, slots=True)
class Extra:
    """A column that a view adds to those of its table."""

    name: str
    expression: LiteralString
    comment: str


@dataclass(frozen=True, slots=True)
class Published:
    """A view of schema ``care`` over a table."""

    name: str
    table: Table
    where: LiteralString
    extras: tuple[Extra, ...] = ()


_DURING: Final = Extra(
    "valid_during",
    "case when ended_at is null or started_at is null or started_at <= ended_at"
    " then tstzrange(started_at, ended_at) end",
    "From start to end as a range; null where the end stated precedes the start.",
)
_CLASS: Final = Extra(
    "class_system",
    "'http://terminology.hl7.org/CodeSystem/v3-ActCode'::text",
    "Code system of the class.",
)
_PRODUCTION: Final = "mode = 'P'"

VIEWS: Final = (
    Published("encounter", timeline.ENCOUNTER, _PRODUCTION, (_CLASS, _DURING)),
    Published("stay", timeline.STAY, _PRODUCTION, (_CLASS, _DURING)),
    Published("entry", timeline.ENTRY, _PRODUCTION, (_CLASS,)),
    Published("census", census.CENSUS, _PRODUCTION, (_CLASS,)),
    Published("patient", patients.PATIENT, _PRODUCTION),
    Published("identifier", patients.IDENTIFIER, _PRODUCTION),
    Published(
        "audit_trail", audit_trail.EVENT, "mode is distinct from 'T' and mode is distinct from 'D'"
    ),
)


#: Roles belong to the whole server: another database of it may be making this one just now.
_ANALYST: Final = """
do $$ begin
    create role care_analyst nologin;
    alter role care_analyst set statement_timeout = '120s';
    alter role care_analyst set default_transaction_read_only = on;
exception when duplicate_object or unique_violation then null;
end $$
"""


def follow(connection: Connection[Any], table: Table, schema: str, version: int) -> None:
    """Point the view of ``proj`` to the table of a generation."""
    define(
        connection,
        "proj",
        table.name,
        sql.SQL("select {}, {} as projection_version from {}").format(
            sql.SQL(", ").join(map(sql.Identifier, table.names)),
            sql.Literal(version),
            table.at(schema),
        ),
    )


def define(connection: Connection[Any], schema: str, view: str, query: sql.Composable) -> bool:
    """Create or replace a view; False where it is so already, and nobody has to wait for it."""
    name = f"{schema}.{view}"
    text = query.as_string(connection)
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
    except psycopg.errors.InvalidTableDefinition:  # the columns of another release
        connection.execute(sql.SQL("drop view {} cascade").format(identifier))
        connection.execute(create)
    connection.execute(
        """
        insert into proj.definition values (%s, %s)
        on conflict (view) do update set query = excluded.query
        """,
        (name, text),
    )
    return True


def lock(connection: Connection[Any]) -> None:
    """Keep readers away from the views of ``proj`` until the transaction ends.

    Raises:
        psycopg.errors.LockNotAvailable: Somebody reads for longer than ``lock_timeout``.
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


def publish(connection: Connection[Any]) -> None:
    """Create the views of ``care`` where they are missing, with their comments and rights."""
    present = {
        name
        for (name,) in connection.execute(
            "select table_name from information_schema.views where table_schema = 'proj'"
        ).fetchall()
    }
    changed = [_publish(connection, one) for one in VIEWS if one.table.name in present]
    if {census.CENSUS.name, timeline.ENCOUNTER.name} <= present:
        changed.append(define(connection, "proj", "clash", sql.SQL(census.CLASH)))
        if define(connection, "care", "clash", sql.SQL(census.PUBLISHED_CLASH)):
            comment(connection, "clash", census.CLASH_MEANING, census.CLASH_COLUMNS)
            changed.append(True)
    if any(changed):
        _grant(connection)


def _publish(connection: Connection[Any], published: Published) -> bool:
    part2 = "is_part2" in published.table.names
    shown = [column for column in published.table.columns if column.published]
    columns: list[sql.Composable] = [
        sql.SQL("case when not is_part2 then {0} end as {0}").format(sql.Identifier(column.name))
        if part2 and column.name in _PLACE
        else sql.Identifier(column.name)
        for column in shown
    ]
    columns.append(sql.Identifier("projection_version"))
    columns += [
        sql.SQL("{} as {}").format(sql.SQL(extra.expression), sql.Identifier(extra.name))
        for extra in published.extras
    ]
    changed = define(
        connection,
        "care",
        published.name,
        sql.SQL("select {} from {} where {}").format(
            sql.SQL(", ").join(columns),
            sql.Identifier("proj", published.table.name),
            sql.SQL(published.where),
        ),
    )
    if not changed:
        return False
    comments = {column.name: column.comment for column in shown}
    comments["projection_version"] = "Generation of the projection that the row comes from."
    comments |= {extra.name: extra.comment for extra in published.extras}
    comment(connection, published.name, published.table.comment, comments)
    return True


def comment(connection: Connection[Any], view: str, meaning: str, columns: dict[str, str]) -> None:
    """Comment on a view of ``care`` and on its columns."""
    connection.execute(
        sql.SQL("comment on view {} is {}").format(
            sql.Identifier("care", view), sql.Literal(meaning)
        )
    )
    for name, text in columns.items():
        connection.execute(
            sql.SQL("comment on column {} is {}").format(
                sql.Identifier("care", view, name), sql.Literal(text)
            )
        )


def _grant(connection: Connection[Any]) -> None:
    """Let analysts read, where this server lets us make a role for them."""
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
