"""Bare SQL queries of the rows that pages are made of: each is the shortest one that returns them.

They are what a person writes who knows the tables, their indexes and what the page was asked for.
"""

from typing import Final, LiteralString

#: The first items of the work list with their patients. Overdue items that are urgent come first.
_WORK: Final = """
    with first as (
        select w.* from proj.work_item as w
        where w.mode = 'P' and (w.snoozed_until is null or w.snoozed_until <= now()) {where}
        order by (w.in_time_until < now() and w.is_urgent) desc, w.in_time_until, w.item_id
        limit 25
    )
    select first.*, p.* from first join proj.patient as p using (patient_id)
"""
_LATELY: Final = "and w.in_time_until >= now() - interval '14 days'"
_OF_ONE: Final = "and w.responsible_organisation = %(organisation)s"
WORK: Final = _WORK.format(where=_LATELY)
WORK_OF_ONE: Final = _WORK.format(where=f"{_LATELY} {_OF_ONE}")
WORK_OF_THESE: Final = _WORK.format(
    where=f"{_LATELY} and w.responsible_organisation = any(%(organisations)s)"
)
WORK_OF_PERSON: Final = _WORK.format(
    where=f"{_LATELY} and (w.responsible_person = %(person)s or w.claimed_person = %(person)s)"
)
WORK_OLDER: Final = _WORK.format(where=_OF_ONE)

#: The newest referrals in each state, with their patients.
_BOARD: Final = """
    select r.*, p.*
    from unnest(%(states)s::text[]) as s (state)
    cross join lateral (
        select * from proj.referral_loop as l where l.state = s.state {where}
        order by requested_at desc limit %(limit)s
    ) as r
    join proj.patient as p using (patient_id)
"""
BOARD: Final[LiteralString] = _BOARD.format(where="")
BOARD_OF_ONE: Final[LiteralString] = _BOARD.format(
    where="and l.target_organisation = %(organisation)s"
)

#: What was stated and recorded of a patient.
PERSON: Final = """
    with of_patient as materialized (
        select unnest(record_ids) as record_id from proj.patient where patient_id = %(patient)s
    )
    select s.core, s.sealed from of_patient join proj.statement as s using (record_id)
    union all
    select o.core, o.sealed from of_patient join proj.own_event as o using (record_id)
"""
CENSUS: Final = """
    select c.*, p.* from proj.census as c join proj.patient as p using (patient_id)
    where c.facility = %(organisation)s
"""
BY_NUMBER: Final = """
    select p.* from proj.identifier as i join proj.patient as p using (patient_id)
    where i.ref = %(ref)s
"""
BY_NAME: Final = """
    select p.* from proj.token as t join proj.patient as p using (patient_id)
    where t.token = %(token)s order by t.recency desc limit 50
"""
NEWEST: Final = """
    select * from proj.patient where recency is not null
    order by recency desc, patient_id desc limit %(limit)s
"""
