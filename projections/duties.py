"""Collect the duties of a component: what is owed to its patients by all kinds of streams.

To add the duties of a kind of stream:

1. Write a pure function in ``domain``, such as ``domain.referral_duties.duties``, which returns the
   duties (``domain.duties.Duty``) of one stream, open and done.
2. Write a function of the course here or beside the projection of the stream. It finds the streams
   in the course and yields an ``OwedDuty`` for each duty:

       def duties_of_referrals(course: Course) -> Iterator[OwedDuty]:
           for stream, events in course.streams.items():
               if is_referral(events):
                   asked = ...
                   for duty in referral_duties.duties(history(events), course.protocols):
                       yield OwedDuty(duty, kind="referral", record=asked.record, mode=asked.mode)

3. Add this function to ``SOURCES``. Rows, lists, commands on items and replays follow.

A duty of a transition names a statement of the encounter in ``about``. Its rows name the encounter
that holds this statement now.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple, TypeAlias

from domain.ids import EncounterId, PatientId, StatementRef
from projections.care_plan import duties_of_care_plans
from projections.care_team_member import duties_of_care_teams
from projections.engine.course import Course
from projections.medication_reconciliation import duties_of_medication_lists
from projections.owed_duty import OwedDuty
from projections.referral import duties_of_referrals
from projections.transition import duties_of_transitions


class CollectedDuty(NamedTuple):
    """A duty as rows name it."""

    owed: OwedDuty
    patient_id: PatientId
    about: str  # the stream; for a transition, the encounter
    encounter_id: EncounterId | None  # of a transition


#: Yields the duties of all streams of one kind in a component.
DutySource: TypeAlias = Callable[[Course], Iterable[OwedDuty]]

#: The kinds of streams that owe something. A new kind is one more row here.
SOURCES: Final[tuple[DutySource, ...]] = (
    # by kind
    duties_of_care_plans,
    duties_of_care_teams,
    duties_of_medication_lists,
    duties_of_referrals,
    duties_of_transitions,
)


def collected_duties(course: Course, sources: Iterable[DutySource]) -> Iterator[CollectedDuty]:
    """Yield the duties of a component, without those of persons who are known to have died.

    If a stream owes the same twice from the same instant on, the first one counts.
    """
    dead = {record for patient in course.patients if patient.death for record in patient.records}
    seen: set[tuple[object, ...]] = set()
    for source in sources:
        for owed in source(course):
            if owed.record in dead:
                continue
            encounter = (
                course.encounter_of(StatementRef(owed.duty.about))
                if owed.kind == "transition"
                else None
            )
            about = encounter or owed.duty.about
            key = (about, owed.duty.code, owed.duty.part, owed.duty.opened_at)
            if key not in seen:
                seen.add(key)
                yield CollectedDuty(owed, course.patient_of(owed.record), about, encounter)
