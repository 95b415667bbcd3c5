"""Which projections there are, which generation of each is read, and where their tables stand.

Every generation of a projection has a schema of its own (``proj_timeline_v3``). Readers use the
views of schema ``proj``, analysts those of schema ``care``: both follow the active generation, and
switch in one transaction.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import Connection, sql

from projections import audit_trail, census, last_seen, patients, publishing, timeline
from projections.engine import parking, position, substrate, table
from projections.engine.arrays import array
from projections.engine.component import Component
from projections.engine.services import Services
from projections.engine.table import Row, Table

#: Advisory locks: whoever folds holds the first one shared; whoever switches, alone.
FOLDING: Final = 0x63617265_0001
BUILDING: Final = 0x63617265_0002

_DDL: Final = """
create schema if not exists proj;
create schema if not exists care;
create table if not exists proj.version (
    projection text    not null,
    version    integer not null,
    shape      integer not null,
    state      text    not null check (state in ('active', 'building', 'retired')),
    primary key (projection, version)
);
create table if not exists proj.definition (
    view  text not null primary key,
    query text not null
);
create unique index if not exists version_active on proj.version (projection)
    where state = 'active';
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """A read model. ``rows``: of a component; None: it is folded event by event."""

    name: str
    shape: int  # of its tables and rows; another one needs a rebuild
    tables: tuple[Table, ...]
    rows: Callable[[Component, Services], dict[str, list[Row]]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A generation of a projection."""

    projection: Projection
    version: int

    @property
    def schema(self) -> str:
        """Where its tables stand."""
        return schema(self.projection.name, self.version)


class NeedsRebuild(Exception):
    """The tables of these projections are of another release: rebuild them."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(sorted(names))
        super().__init__(f"projections to rebuild: {', '.join(self.names)}")


class UnknownProjection(Exception):
    """There is no projection of this name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"no projection is called {name!r}")


PROJECTIONS: Final[Mapping[str, Projection]] = {
    projection.name: projection
    for projection in (
        Projection(name=substrate.NAME, shape=substrate.VERSION, tables=substrate.TABLES),
        Projection(
            name=timeline.NAME,
            shape=timeline.VERSION,
            tables=timeline.TABLES,
            rows=timeline.rows,
        ),
        Projection(name=census.NAME, shape=census.VERSION, tables=census.TABLES, rows=census.rows),
        Projection(
            name=patients.NAME,
            shape=patients.VERSION,
            tables=patients.TABLES,
            rows=patients.rows,
        ),
        Projection(name=audit_trail.NAME, shape=audit_trail.VERSION, tables=audit_trail.TABLES),
        Projection(name=last_seen.NAME, shape=last_seen.VERSION, tables=last_seen.TABLES),
    )
}


_NAMES: Final = array(one.name for one in PROJECTIONS.values() for _ in one.tables)
_TABLES: Final = array(table.name for one in PROJECTIONS.values() for table in one.tables)
#: Asked before every batch: names of tables are looked up one by one, which costs next to nothing.
_CURRENT: Final = """
select v.projection, v.version, v.shape, bool_and(
    to_regclass('proj_' || v.projection || '_v' || v.version || '.' || t.name) is not null)
from proj.version as v
left join unnest(%s::text[], %s::text[]) as t(projection, name) using (projection)
where v.state = 'active'
group by v.projection, v.version, v.shape
"""


def schema(name: str, version: int) -> str:
    """Return the schema of a generation."""
    return f"proj_{name}_v{version}"


def create(connection: Connection[Any]) -> None:
    """Create schemas, tables and views of all projections; what is there stays as it is.

    A projection that is new to a log already read is left out until it is rebuilt.
    """
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", (FOLDING,))
        connection.execute("set local client_min_messages = warning")
        connection.execute(_DDL)
        connection.execute(position.DDL)
        connection.execute(parking.DDL)
        there = {
            name for (name,) in connection.execute("select projection from proj.version").fetchall()
        }
        for name in PROJECTIONS:
            if name not in there and not there:
                _first(connection, PROJECTIONS[name])
        publish(connection)


def _first(connection: Connection[Any], projection: Projection) -> None:
    build(connection, projection, 1)
    for one in projection.tables:
        table.index(connection, schema(projection.name, 1), one)
    connection.execute(
        "insert into proj.version (projection, version, shape, state) values (%s, 1, %s, 'active')",
        (projection.name, projection.shape),
    )


def build(connection: Connection[Any], projection: Projection, version: int) -> None:
    """Create schema and tables of a generation, without keys and indexes."""
    name = schema(projection.name, version)
    connection.execute(sql.SQL("create schema {}").format(sql.Identifier(name)))
    for one in projection.tables:
        table.create(connection, name, one)


def active(connection: Connection[Any]) -> dict[str, Version]:
    """Return the generation that is read, of every projection.

    Raises:
        NeedsRebuild: Some have none, or one whose tables are of another release.
    """
    found = current(connection)
    missing = PROJECTIONS.keys() - found.keys()
    if missing:
        raise NeedsRebuild(missing)
    return found


def current(connection: Connection[Any]) -> dict[str, Version]:
    """Return the generations that are read, whole and of this release; some may be missing."""
    found: dict[str, Version] = {}
    for name, version, shape, whole in connection.execute(_CURRENT, (_NAMES, _TABLES)).fetchall():
        projection = PROJECTIONS.get(name)
        if projection is not None and projection.shape == shape and whole:
            found[name] = Version(projection=projection, version=version)
    return found


def next_version(connection: Connection[Any], projection: Projection) -> Version:
    """Begin a new generation: it is not read yet, and has no tables."""
    row = connection.execute(
        """
        insert into proj.version (projection, version, shape, state)
        select %(name)s, coalesce(max(version), 0) + 1, %(shape)s, 'building'
        from proj.version where projection = %(name)s
        returning version
        """,
        {"name": projection.name, "shape": projection.shape},
    ).fetchone()
    assert row is not None  # noqa: S101  # an insert without a condition
    return Version(projection=projection, version=row[0])


def drop_unfinished(connection: Connection[Any]) -> None:
    """Drop what a rebuild that died has left."""
    _drop(connection, "building")
    drop_retired(connection)


def drop_retired(connection: Connection[Any]) -> None:
    """Drop the generations that nobody reads any more; one still held is left for the next time."""
    _drop(connection, "retired")


def _drop(connection: Connection[Any], state: str) -> None:
    for name, version in connection.execute(
        "select projection, version from proj.version where state = %s", (state,)
    ).fetchall():
        try:
            with connection.transaction():
                connection.execute("set local lock_timeout = '1s'")
                connection.execute("set local client_min_messages = warning")
                connection.execute(
                    sql.SQL("drop schema if exists {} cascade").format(
                        sql.Identifier(schema(name, version))
                    )
                )
                for table_name in ("position", "version"):
                    connection.execute(
                        sql.SQL(
                            "delete from proj.{} where projection = %s and version = %s"
                        ).format(sql.Identifier(table_name)),
                        (name, version),
                    )
        except psycopg.errors.LockNotAvailable:
            continue


def settle(connection: Connection[Any], schema_name: str, one: Table) -> int:
    """Give a loaded table its keys, and tell the planner what is in them; count its rows.

    A few rows of the columns that are looked up by will do for the first minute: autovacuum looks
    at all columns, which takes as long as the indexes. PostgreSQL starts no workers for these:
    several tables are given their keys at once.
    """
    columns = dict.fromkeys((*one.key, *(name for columns in one.indexes for name in columns)))
    with connection.transaction():
        connection.execute("set local max_parallel_maintenance_workers = 0")
        connection.execute("set local default_statistics_target = 10")  # 3,000 rows
        table.index(connection, schema_name, one)
        connection.execute(
            sql.SQL("analyze {} ({})").format(
                one.at(schema_name), sql.SQL(", ").join(map(sql.Identifier, columns))
            )
        )
        return count(connection, schema_name, one)


def count(connection: Connection[Any], schema_name: str, one: Table) -> int:
    """Return how many rows a table has."""
    row = connection.execute(
        sql.SQL("select count(*) from {}").format(one.at(schema_name))
    ).fetchone()
    return 0 if row is None else int(row[0])


def publish(connection: Connection[Any]) -> None:
    """Point the views of ``proj`` and ``care`` to the active generations."""
    for name, version in current(connection).items():
        for one in version.projection.tables:
            publishing.follow(connection, one, schema(name, version.version), version.version)
    publishing.publish(connection)


def named(names: Iterable[str]) -> list[Projection]:
    """Return the projections of these names; none: all.

    Raises:
        UnknownProjection: There is none of that name.
    """
    wanted = list(names) or list(PROJECTIONS)
    for name in wanted:
        if name not in PROJECTIONS:
            raise UnknownProjection(name)
    return [one for name, one in PROJECTIONS.items() if name in wanted]
