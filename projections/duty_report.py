"""Count duties by code: done in time, done late, overdue, not yet due and waived.

Missed work stays in the counts, with its age. A step that was waived is no duty, so it is counted
from the steps of transitions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import Connection, sql
from psycopg.rows import class_row

from projections.engine.relations import PRESENT, Relations
from projections.transition import TRANSITION_STEP, TRANSITION_TABLE
from projections.work import DUTY


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyCounts:
    """The duties of one code that began in a period, counted."""

    duty: str
    done_in_time: int
    done_late: int
    overdue: int
    not_yet_due: int
    waived: int
    oldest_overdue: datetime | None  # when the time of the oldest overdue one was over


_COUNT: Final = """
select
    duty,
    count(*) filter (where done_at <= in_time_until) as done_in_time,
    count(*) filter (where done_at > in_time_until) as done_late,
    count(*) filter (where is_owed and in_time_until < %(at)s) as overdue,
    count(*) filter (where is_owed and in_time_until >= %(at)s) as not_yet_due,
    count(*) filter (where is_waived) as waived,
    min(in_time_until) filter (where is_owed and in_time_until < %(at)s) as oldest_overdue
from (
    select
        duty, done_at, in_time_until, done_at is null as is_owed, false as is_waived, opened_at,
        responsible_organisation, mode
    from {duties} as d
    union all
    select
        'transition.' || step, null, in_time_until, false, true, discharge_at,
        responsible_organisation, s.mode
    from {steps} as s join {transitions} as t using (encounter_id)
    where waived_at is not null and done_at is null
) as one
where mode = 'P'
    and opened_at <= %(at)s
    and (%(since)s::timestamptz is null or opened_at >= %(since)s)
    and (%(organisation)s = '' or responsible_organisation = %(organisation)s)
group by duty
order by duty
"""


def duty_counts(
    connection: Connection[Any],
    *,
    at: datetime,
    since: datetime | None = None,
    organisation: str = "",
    relations: Relations = PRESENT,
) -> Sequence[DutyCounts]:
    """Return how many duties of each code were done in time, and how many were not.

    Records of training and debugging are left out, and so are the dead, who are owed nothing.

    Args:
        connection: The connection of the caller.
        at: The instant of the question. Duties that began later are left out.
        since: Duties that began earlier are left out; None: all count.
        organisation: Only duties that it owes; empty: all.
        relations: The tables, or their rows at other instants.
    """
    query = sql.SQL(_COUNT).format(
        duties=relations.of(DUTY),
        steps=relations.of(TRANSITION_STEP),
        transitions=relations.of(TRANSITION_TABLE),
    )
    given = {"at": at, "since": since, "organisation": organisation}
    with connection.cursor(row_factory=class_row(DutyCounts)) as cursor:
        return cursor.execute(query, given).fetchall()
