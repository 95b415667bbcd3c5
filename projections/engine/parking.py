"""Components that are set aside because they cannot be folded, while all others go on.

A component has two parts. If its statements cannot be interpreted, or a projection of statements
fails, the whole component is set aside. If an own event cannot be read, or a projection of own
streams fails, only the projections of own streams are: the patient's encounters stay up to date.
Events that arrive later for a part that is set aside are set aside with it. Nothing is lost: all of
them are filed, and the part is folded again at the next start and in every rebuild.

An event that cannot even be filed is set aside by itself, under its stream. The others of its
component go on without it. It is read from the store and applied again at the next start.

Events of a large component that wait until it is folded are kept in the same table: see ``large``.
So are components that wait until they are folded with another protocol (part ``protocol``, with the
event of the protocol): see ``protocols``. Nothing is wrong with them, so they are not listed as set
aside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from psycopg import Connection

from projections.engine.arrays import texts

Part: TypeAlias = Literal["statements", "course", "event", "waiting", "protocol"]
_PARTS: Final[tuple[Part, ...]] = ("statements", "course", "event", "waiting", "protocol")
#: The parts with which nothing is wrong: their components are folded afterwards.
WAITING: Final[frozenset[Part]] = frozenset({"waiting", "protocol"})

DDL: Final = """
create table if not exists proj.parked (
    component       text   not null,
    source_position bigint not null,
    event_id        text   not null,
    reason          text   not null,
    part            text   not null default 'statements',
    primary key (component, source_position)
);
do $$ begin
    if not exists (
        select from information_schema.columns
        where table_schema = 'proj' and table_name = 'parked' and column_name = 'part'
    ) then
        alter table proj.parked add column part text not null default 'statements';
    end if;
end $$;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedEvent:
    """An event that is set aside, with its component or by itself.

    ``reason`` is the class of the error, and the index that refuses the row if one does.
    """

    component: str
    index: int
    event_id: str
    reason: str
    part: Part = "statements"


def nothing() -> dict[Part, dict[str, str]]:
    """Return the answer of ``among`` if no component is set aside."""
    return {"statements": {}, "course": {}, "waiting": {}, "protocol": {}}


def among(connection: Connection[Any], components: Sequence[str]) -> dict[Part, dict[str, str]]:
    """Return which of ``components`` have a part that is set aside, and the reason, by part.

    This holds for the generations that are fed, not for those that a rebuild fills.
    """
    rows = connection.execute(
        """
        select distinct on (part, component) part, component, reason
        from proj.parked
        where component = any(%s::text[]) and part <> 'event'
        order by part, component, source_position
        """,
        (texts(components),),
    ).fetchall()
    found = nothing()
    for part, component, reason in rows:
        found[part][component] = reason
    return found


def park(connection: Connection[Any], parked: Sequence[ParkedEvent]) -> None:
    """Set events aside. An event that is set aside already stays as it is."""
    connection.execute(
        """
        insert into proj.parked (component, source_position, event_id, reason, part)
        select * from unnest(%s::text[], %s::bigint[], %s::text[], %s::text[], %s::text[])
        on conflict do nothing
        """,
        (
            [one.component for one in parked],
            [one.index for one in parked],
            [one.event_id for one in parked],
            [one.reason for one in parked],
            [one.part for one in parked],
        ),
    )


def rename(connection: Connection[Any], absorbed: Mapping[str, str]) -> None:
    """Give the events of absorbed components the name of the component that absorbed theirs."""
    # Several components may wait for one protocol, and their names become one.
    connection.execute(
        """
        with renamed as (
            delete from proj.parked as p
            using unnest(%s::text[], %s::text[]) as m(before, now)
            where p.component = m.before and p.part = 'protocol'
            returning m.now, p.source_position, p.event_id, p.reason, p.part
        )
        insert into proj.parked (component, source_position, event_id, reason, part)
        select * from renamed
        on conflict do nothing
        """,
        (list(absorbed), list(absorbed.values())),
    )
    connection.execute(
        """
        update proj.parked set component = m.now
        from unnest(%s::text[], %s::text[]) as m(before, now)
        where component = m.before and part <> 'event'
        """,
        (list(absorbed), list(absorbed.values())),
    )


def release(connection: Connection[Any], events: Sequence[ParkedEvent]) -> None:
    """Forget that these events were set aside."""
    _delete(connection, [(one.component, one.index) for one in events], parts=_PARTS)


def clear(connection: Connection[Any]) -> None:
    """Forget everything that was set aside."""
    connection.execute("delete from proj.parked")


def parked(connection: Connection[Any]) -> list[ParkedEvent]:
    """Return everything that is set aside, oldest first."""
    rows = connection.execute(
        """
        select component, source_position, event_id, reason, part
        from proj.parked where part not in ('waiting', 'protocol')
        order by source_position
        """
    ).fetchall()
    return _events(rows)


def waiting(connection: Connection[Any]) -> list[ParkedEvent]:
    """Return the events of the component that has waited for the longest time to be folded."""
    rows = connection.execute(
        """
        select component, source_position, event_id, reason, part
        from proj.parked where part in ('waiting', 'protocol') and component = (
            select component from proj.parked where part in ('waiting', 'protocol')
            order by source_position, component limit 1
        )
        order by source_position
        """
    ).fetchall()
    return _events(rows)


def first_waiting(connection: Connection[Any]) -> int | None:
    """Return the index of the first event that waits until its component is folded."""
    row = connection.execute(
        "select min(source_position) from proj.parked where part in ('waiting', 'protocol')"
    ).fetchone()
    return None if row is None else row[0]


def end_waiting(connection: Connection[Any], folded: Sequence[tuple[str, int]]) -> None:
    """Note that these events, given with their component, do not wait any more."""
    _delete(connection, folded, parts=("waiting",))


def _delete(
    connection: Connection[Any], events: Sequence[tuple[str, int]], *, parts: Sequence[Part]
) -> None:
    connection.execute(
        """
        delete from proj.parked as p
        using unnest(%s::text[], %s::bigint[]) as e(component, source_position)
        where p.component = e.component and p.source_position = e.source_position
            and p.part = any(%s)
        """,
        ([name for name, _ in events], [index for _, index in events], list(parts)),
    )


def _events(rows: Sequence[tuple[str, int, str, str, Part]]) -> list[ParkedEvent]:
    return [
        ParkedEvent(component=component, index=index, event_id=event_id, reason=reason, part=part)
        for component, index, event_id, reason, part in rows
    ]
