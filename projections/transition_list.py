"""List transitions of care: those that are open or overdue, or of one facility."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection, sql
from psycopg.rows import class_row

from domain.ids import EncounterId, Mode, PatientId
from domain.statement import EncounterClass, Precision
from projections.engine.relations import PRESENT, Relations
from projections.transition import TRANSITION_STEP, TRANSITION_TABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTransition:
    """One transition with what is owed of it at the instant of the question."""

    encounter_id: EncounterId
    patient_id: PatientId
    mode: Mode
    class_code: EncounterClass
    facility: str
    state: str  # closed with the cause window_over, if the window of an open one is over
    cause: str | None
    kind: str | None
    protocol: str | None
    discharge_at: datetime | None
    discharge_precision: Precision | None
    responsible_organisation: str | None
    responsible_person: str | None
    responsible_pool: str | None
    steps: int
    steps_settled: int
    owed: Sequence[str]  # codes of the steps that are neither done nor waived
    overdue: Sequence[str]  # those of them that are overdue
    next_due: datetime | None  # the end of the earliest due time of them; None: nothing is owed
    flags: Sequence[str]


def listed_transitions(  # noqa: PLR0913  # what a list can be asked
    connection: Connection[Any],
    *,
    at: datetime,
    only_open: bool = False,
    only_overdue: bool = False,
    facility: str = "",
    state: str = "",
    organisation: str = "",
    person: str = "",
    patient: str | None = None,
    limit: int = 100,
    relations: Relations = PRESENT,
) -> list[ListedTransition]:
    """Return transitions, the most pressing first: by the next due time, then by discharge.

    Args:
        connection: The connection of the caller.
        at: The instant of the question.
        only_open: Leave out those that are not open, or whose window is over.
        only_overdue: Leave out those of which no step is overdue. The end of the window ends no
            step: such a transition stays in the list.
        facility: If given, only discharges from this facility.
        state: If given, only transitions in this state at the instant.
        organisation: If given, only those that this organisation answers for.
        person: If given, only those that this person answers for.
        patient: If given, only those of this patient.
        limit: The largest number of rows.
        relations: The tables, or their rows at other instants.
    """
    query = sql.SQL(
        """
        select t.encounter_id, t.patient_id, t.mode, t.class_code, t.facility,
            case when t.over then 'closed' else t.state end as state,
            case when t.over then 'window_over' else t.cause end as cause,
            t.kind, t.protocol, t.discharge_at, t.discharge_precision,
            t.responsible_organisation, t.responsible_person, t.responsible_pool,
            t.steps, t.steps_settled, coalesce(s.owed, '{{}}') as owed,
            coalesce(s.overdue, '{{}}') as overdue, s.next_due, t.flags
        from (
            select *, state = 'open' and window_ends_at <= %(at)s as over from {transitions} as r
        ) as t
        left join lateral (
            select array_agg(step order by number) as owed,
                array_agg(step order by number) filter (where in_time_until < %(at)s) as overdue,
                min(in_time_until) as next_due
            from {steps} as r
            where r.encounter_id = t.encounter_id and t.state = 'open'
                and not ('backlog' = any(t.flags)) and done_at is null and waived_at is null
        ) as s on true
        where (not %(only_open)s or (t.state = 'open' and not t.over))
            and (not %(only_overdue)s or s.overdue is not null)
            and (%(facility)s = '' or t.facility = %(facility)s)
            and (%(state)s = '' or case when t.over then 'closed' else t.state end = %(state)s)
            and (%(organisation)s = '' or t.responsible_organisation = %(organisation)s)
            and (%(person)s = '' or t.responsible_person = %(person)s)
            and (%(patient)s::text is null or t.patient_id = %(patient)s)
        order by s.next_due nulls last, t.discharge_at desc nulls last, t.encounter_id
        limit %(limit)s
        """
    ).format(transitions=relations.of(TRANSITION_TABLE), steps=relations.of(TRANSITION_STEP))
    parameters = {
        "at": at,
        "only_open": only_open,
        "only_overdue": only_overdue,
        "facility": facility,
        "state": state,
        "organisation": organisation,
        "person": person,
        "patient": patient,
        "limit": limit,
    }
    with connection.cursor(row_factory=class_row(ListedTransition)) as cursor:
        return cursor.execute(query, parameters).fetchall()
