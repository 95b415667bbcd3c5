"""Components that could not be interpreted: set aside with what follows, while others go on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection

from projections.engine.arrays import texts

DDL: Final = """
create table if not exists proj.parked (
    component       text   not null,
    source_position bigint not null,
    event_id        text   not null,
    reason          text   not null,
    primary key (component, source_position)
);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """An event whose component is set aside. ``reason`` names the error's class, and no content."""

    component: str
    index: int
    event_id: str
    reason: str


def among(connection: Connection[Any], components: Sequence[str]) -> dict[str, str]:
    """Return which of ``components`` are parked, and why."""
    rows = connection.execute(
        """
        select distinct on (component) component, reason
        from proj.parked
        where component = any(%s::text[])
        order by component, source_position
        """,
        (texts(components),),
    ).fetchall()
    return dict(rows)


def park(connection: Connection[Any], parked: Sequence[Parked]) -> None:
    """Set events aside; one that is there already stays as it is."""
    connection.execute(
        """
        insert into proj.parked (component, source_position, event_id, reason)
        select * from unnest(%s::text[], %s::bigint[], %s::text[], %s::text[])
        on conflict do nothing
        """,
        (
            [one.component for one in parked],
            [one.index for one in parked],
            [one.event_id for one in parked],
            [one.reason for one in parked],
        ),
    )


def rename(connection: Connection[Any], moved: Mapping[str, str]) -> None:
    """Follow components that were absorbed by others."""
    connection.execute(
        """
        update proj.parked set component = m.now
        from unnest(%s::text[], %s::text[]) as m(before, now)
        where component = m.before
        """,
        (list(moved), list(moved.values())),
    )


def release(connection: Connection[Any], components: Sequence[str]) -> None:
    """Forget that ``components`` were set aside."""
    connection.execute("delete from proj.parked where component = any(%s)", (list(components),))


def clear(connection: Connection[Any]) -> None:
    """Forget everything that was set aside."""
    connection.execute("delete from proj.parked")


def parked(connection: Connection[Any]) -> list[Parked]:
    """Return everything that is set aside, oldest first."""
    rows = connection.execute(
        """
        select component, source_position, event_id, reason
        from proj.parked
        order by source_position
        """
    ).fetchall()
    return [
        Parked(component=component, index=index, event_id=event_id, reason=reason)
        for component, index, event_id, reason in rows
    ]
