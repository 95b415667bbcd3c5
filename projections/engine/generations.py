"""Generations of projections: which are read, which are fed, and where their tables are.

Every generation has a number and a schema of its own (``proj_timeline_v3``). Of each projection one
generation is *active*: the views of ``proj`` and ``care`` read it. Others may be *kept*: the
projector feeds them with the same batches, so that the views can go back to them without a rebuild.
A generation that a rebuild fills is *building*, and one that is to be dropped is *retired*.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import Connection, sql

from projections.engine import parking, position, table, views
from projections.engine.position import GenerationKey
from projections.engine.projection import Projection
from projections.engine.projection_list import COURSE, SUBSTRATE, ProjectionList
from projections.engine.table import Table

#: Advisory lock: shared by transactions that fold, exclusive for a switch.
FOLDING: Final = 0x63617265_0001

_DDL: Final = """
create schema if not exists proj;
create schema if not exists care;
create table if not exists proj.version (
    projection text    not null,
    version    integer not null,
    shape      integer not null,
    state      text    not null,
    primary key (projection, version),
    constraint version_state check (state in ('active', 'kept', 'building', 'retired'))
);
create table if not exists proj.definition (
    view  text not null primary key,
    query text not null
);
create unique index if not exists version_active on proj.version (projection)
    where state = 'active';
do $$ begin
    -- Release 0.1.0 kept no generation beside the active one.
    if exists (
        select from pg_constraint
        where conrelid = 'proj.version'::regclass and conname = 'version_state_check'
    ) then
        alter table proj.version drop constraint version_state_check,
            add constraint version_state
                check (state in ('active', 'kept', 'building', 'retired'));
    end if;
end $$;
"""

#: The name in ``proj.definition`` of what defined the tables of the engine itself.
_ENGINE: Final = "tables of the engine"

#: Runs before every batch. Names of tables are looked up one by one, which costs next to nothing.
_FED: Final = """
select v.projection, v.version, v.shape, v.state, bool_and(
    to_regclass('proj_' || v.projection || '_v' || v.version || '.' || t.name) is not null)
from proj.version as v
left join unnest(%s::text[], %s::text[]) as t(projection, name) using (projection)
where v.state in ('active', 'kept')
group by v.projection, v.version, v.shape, v.state
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One generation of a projection."""

    projection: Projection
    number: int

    @property
    def key(self) -> GenerationKey:
        """What identifies the generation."""
        return self.projection.name, self.number

    @property
    def schema(self) -> str:
        """The schema of its tables."""
        return schema_of(self.projection.name, self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Generations:
    """The generations that are fed: their tables exist and are of this release."""

    active: Mapping[str, Generation]  # by projection
    kept: tuple[Generation, ...]

    @property
    def fed(self) -> tuple[Generation, ...]:
        """All of them."""
        return (*self.active.values(), *self.kept)

    @property
    def substrate(self) -> Generation | None:
        """The active generation of the substrate; None if no projection needs it."""
        return self.active.get(SUBSTRATE.name)

    @property
    def course(self) -> Generation | None:
        """The active generation of the table ``course``; None if no projection needs it."""
        return self.active.get(COURSE.name)


class NeedsRebuild(Exception):
    """The tables of these projections are missing or of another release. Rebuild them."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(sorted(names))
        super().__init__(f"projections to rebuild: {', '.join(self.names)}")

    @property
    def all_projections(self) -> bool:
        """Whether all projections are to be rebuilt: they are folded from the substrate."""
        return SUBSTRATE.name in self.names


class RebuildRunning(Exception):
    """Another rebuild runs on this database."""

    def __init__(self) -> None:
        super().__init__("another process rebuilds the read models: wait until it has ended")


class UnknownGeneration(Exception):
    """This generation is not kept up to date, so the views cannot be switched to it."""

    def __init__(self, key: GenerationKey) -> None:
        self.key = key
        super().__init__(f"generation {key[1]} of {key[0]!r} is not kept up to date")


def schema_of(name: str, number: int) -> str:
    """Return the schema of a generation."""
    return f"proj_{name}_v{number}"


def create(connection: Connection[Any], projections: ProjectionList) -> None:
    """Create schemas, tables and views. Those that exist stay as they are.

    If the database has projections already, a new projection is left out until it is rebuilt. If
    nothing is to be created or changed, this waits for no transaction that folds.
    """
    ddl = _DDL + position.DDL + parking.DDL
    if _is_created(connection, projections, ddl):
        return
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", (FOLDING,))
        connection.execute("set local client_min_messages = warning")
        connection.execute(ddl.encode())
        connection.execute(
            "insert into proj.definition values (%s, %s)"
            " on conflict (view) do update set query = excluded.query",
            (_ENGINE, ddl),
        )
        if connection.execute("select from proj.version limit 1").fetchone() is None:
            for projection in projections:
                _create_first(connection, projection)
        publish(connection, projections)


def _is_created(connection: Connection[Any], projections: ProjectionList, ddl: str) -> bool:
    """Tell whether the tables of the engine and all views are as this release defines them."""
    there = connection.execute("select to_regclass('proj.definition') is not null").fetchone()
    if there != (True,):
        return False
    defined = connection.execute(
        "select query from proj.definition where view = %s", (_ENGINE,)
    ).fetchone()
    if defined != (ddl,):
        return False
    definitions = views.Definitions(connection, compare_only=True)
    _define(connection, projections, definitions)
    return not definitions.changed


def _create_first(connection: Connection[Any], projection: Projection) -> None:
    first = Generation(projection=projection, number=1)
    build(connection, first)
    for one in projection.tables:
        table.index(connection, first.schema, one)
    connection.execute(
        "insert into proj.version (projection, version, shape, state) values (%s, 1, %s, 'active')",
        (projection.name, projection.version),
    )


def build(connection: Connection[Any], generation: Generation) -> None:
    """Create schema and tables of a generation, without keys and indexes."""
    connection.execute(sql.SQL("create schema {}").format(sql.Identifier(generation.schema)))
    for one in generation.projection.tables:
        table.create(connection, generation.schema, one)


def fed(connection: Connection[Any], projections: ProjectionList) -> Generations:
    """Return the generations that are fed. Every projection has an active one.

    Raises:
        NeedsRebuild: Some projection has no active generation, or one of another release.
    """
    found = current(connection, projections)
    missing = projections.by_name.keys() - found.active.keys()
    if missing:
        raise NeedsRebuild(missing)
    return found


def current(connection: Connection[Any], projections: ProjectionList) -> Generations:
    """Return the generations that are fed. Projections without an active one are left out."""
    active: dict[str, Generation] = {}
    kept: list[Generation] = []
    for name, number, version, state, exists in connection.execute(
        _FED, projections.table_arrays
    ).fetchall():
        projection = projections.by_name.get(name)
        if projection is None or projection.version != version or not exists:
            continue
        generation = Generation(projection=projection, number=number)
        if state == "active":
            active[name] = generation
        else:
            kept.append(generation)
    return Generations(
        active={name: active[name] for name in projections.by_name if name in active},
        kept=tuple(kept),
    )


def begin(connection: Connection[Any], projection: Projection) -> Generation:
    """Begin a new generation, with empty tables. It is not read yet."""
    with connection.transaction():
        row = connection.execute(
            """
            insert into proj.version (projection, version, shape, state)
            select %(name)s, coalesce(max(version), 0) + 1, %(shape)s, 'building'
            from proj.version where projection = %(name)s
            returning version
            """,
            {"name": projection.name, "shape": projection.version},
        ).fetchone()
        assert row is not None  # noqa: S101  # the insert has no condition
        generation = Generation(projection=projection, number=row[0])
        build(connection, generation)
    return generation


def set_state(connection: Connection[Any], key: GenerationKey, state: str) -> None:
    """Change the state of a generation."""
    connection.execute(
        "update proj.version set state = %s where projection = %s and version = %s", (state, *key)
    )


def retire(connection: Connection[Any], name: str) -> None:
    """Stop feeding all generations of a projection."""
    connection.execute(
        "update proj.version set state = 'retired'"
        " where projection = %s and state in ('active', 'kept')",
        (name,),
    )


def drop_unfinished(connection: Connection[Any]) -> None:
    """Drop the generations that a rebuild has left unfinished, and retired ones."""
    _drop(connection, "building")
    drop_retired(connection)


def drop_retired(connection: Connection[Any]) -> None:
    """Drop the generations that are not read any more. One that is locked is dropped next time."""
    _drop(connection, "retired")


def _drop(connection: Connection[Any], state: str) -> None:
    for name, number in connection.execute(
        "select projection, version from proj.version where state = %s", (state,)
    ).fetchall():
        try:
            with connection.transaction():
                connection.execute("set local lock_timeout = '1s'")
                connection.execute("set local client_min_messages = warning")
                connection.execute(
                    sql.SQL("drop schema if exists {} cascade").format(
                        sql.Identifier(schema_of(name, number))
                    )
                )
                for table_name in ("position", "version"):
                    connection.execute(
                        sql.SQL(
                            "delete from proj.{} where projection = %s and version = %s"
                        ).format(sql.Identifier(table_name)),
                        (name, number),
                    )
        except psycopg.errors.LockNotAvailable:
            continue


def settle(connection: Connection[Any], schema: str, one: Table) -> int:
    """Add the keys of a loaded table, collect statistics for the planner, and count its rows.

    Statistics are collected of the columns in keys and indexes only, over few rows: autovacuum
    collects the rest, which takes as long as the indexes. PostgreSQL starts no workers for the
    indexes, because several tables get their keys at the same time.
    """
    indexed = (name for columns in one.indexes for name in columns)
    columns = dict.fromkeys((*one.key, *indexed, *one.lists))
    with connection.transaction():
        connection.execute("set local max_parallel_maintenance_workers = 0")
        connection.execute("set local default_statistics_target = 10")  # 3,000 rows
        table.index(connection, schema, one)
        connection.execute(
            sql.SQL("analyze {} ({})").format(
                one.at(schema), sql.SQL(", ").join(map(sql.Identifier, columns))
            )
        )
        return count(connection, schema, one)


def count(connection: Connection[Any], schema: str, one: Table) -> int:
    """Return the number of rows of a table."""
    row = connection.execute(sql.SQL("select count(*) from {}").format(one.at(schema))).fetchone()
    return 0 if row is None else int(row[0])


def publish(connection: Connection[Any], projections: ProjectionList) -> None:
    """Let the views of ``proj`` and ``care`` read the active generations."""
    definitions = views.Definitions(connection)
    _define(connection, projections, definitions)
    if definitions.changed:
        views.grant(connection)


def _define(
    connection: Connection[Any], projections: ProjectionList, definitions: views.Definitions
) -> None:
    readable: set[str] = set()
    for generation in current(connection, projections).active.values():
        for one in generation.projection.tables:
            definitions.follow(one, generation.schema, generation.number)
            readable.add(one.name)
    published = [view for one in projections for view in one.views]
    views.publish(definitions, published, readable)
