"""Follow up the other discharges of the demo, so that only the stories have overdue work."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.rows import class_row

from caretrail.demo_care.staff import coordinator
from commands.decisions import GivenCommand
from commands.transition.act import TransitionCommand
from commands.transition.contact import RecordPatientContact, ScheduleFollowUp
from commands.transition.information import AssignPendingResult, SendDischargeInformation
from commands.transition.steps import CompleteStep, ConfirmArrival, StartService
from domain.ids import EncounterId, IdKey, PatientId, StatementRef
from domain.statement import Moment
from domain.transition.events import ELEMENTS
from domain.transition.stream import stream_of_anchor

_ZONE: Final = ZoneInfo("America/Chicago")
#: One in so many discharges with steps that are due today still waits.
_STILL_WAITS: Final = 5
#: The visit that is offered takes place so long afterwards.
_VISIT_AFTER: Final = timedelta(days=6)


class _Deed(NamedTuple):
    """What does a step: a command with its members."""

    command: type[TransitionCommand]
    members: Mapping[str, Any]


_INFORMATION: Final = _Deed(SendDischargeInformation, {"elements": ELEMENTS})
#: By code of the step in the default protocol. The other steps have the command for any step.
_DEEDS: Final[Mapping[str, _Deed]] = {
    "information": _INFORMATION,
    "transfer_information": _INFORMATION,
    "medication_list": _INFORMATION,
    "contact": _Deed(RecordPatientContact, {"findings": ("understands_plan", "visit_known")}),
    "pending_results": _Deed(AssignPendingResult, {}),
    "arrival": _Deed(ConfirmArrival, {}),
    "first_visit": _Deed(StartService, {}),
    "first_assessment": _Deed(StartService, {}),
    "visit_offered": _Deed(ScheduleFollowUp, {}),
}

_DUE: Final = """
    select s.encounter_id, s.step, s.number, s.in_time_until, t.facility, t.discharge_at
    from proj.transition_step as s join proj.transition as t using (encounter_id)
    where s.mode = 'P' and t.state = 'open' and s.done_at is null and s.waived_at is null
        and s.in_time_until < %(until)s and s.patient_id <> all(%(without)s)
    order by s.encounter_id, s.number
"""


class _DueStep(NamedTuple):
    encounter_id: EncounterId
    step: str
    number: int
    in_time_until: datetime
    facility: str
    discharge_at: datetime

    @property
    def deed(self) -> _Deed:
        return _DEEDS.get(self.step, _Deed(CompleteStep, {"step": self.step}))


def routine_commands(
    connection: Connection[Any], id_key: IdKey, *, now: datetime, without: Collection[PatientId]
) -> Iterator[GivenCommand]:
    """Yield the commands that do every step due by the end of today, before ``now``.

    Some discharges with steps that are due today still wait. Which ones depends on the encounter
    alone, so that a demo that goes on after a kill records the same.

    Args:
        connection: The connection of the caller.
        id_key: The key from which the ids of the home are derived.
        now: The present of the demo.
        without: Patients who are left out.
    """
    midnight = _day(now) + timedelta(days=1)
    with connection.cursor(row_factory=class_row(_DueStep)) as cursor:
        due = cursor.execute(_DUE, {"until": midnight, "without": list(without)}).fetchall()
    sent = set[EncounterId]()
    for each in due:
        if each.in_time_until >= now and int(each.encounter_id[:8], 16) % _STILL_WAITS == 0:
            continue
        if each.deed is _INFORMATION:
            if each.encounter_id in sent:  # one document settles several steps
                continue
            sent.add(each.encounter_id)
        yield _given(each, id_key, now)


def _given(due: _DueStep, id_key: IdKey, now: datetime) -> GivenCommand:
    who, shape, happened = coordinator(due.facility), due.deed.command, _time(due, now)
    members = {**due.deed.members, "encounter": due.encounter_id, "by": who.party}
    if shape is ScheduleFollowUp:
        members["starts_at"] = happened + _VISIT_AFTER
    command = shape(
        stream=stream_of_anchor(id_key, StatementRef(due.encounter_id)),
        happened_at=Moment(at=happened),
        **members,
    )
    return GivenCommand(command, who.caller(f"demo: routine: {due.encounter_id}: {due.step}"))


def _time(due: _DueStep, now: datetime) -> datetime:
    """Return a time in the morning of the due day, or soon after a discharge that is later."""
    morning = _day(due.in_time_until) + timedelta(hours=9)
    start = max(morning, due.discharge_at)
    return min(start + timedelta(minutes=4 * due.number), now - timedelta(minutes=1))


def _day(at: datetime) -> datetime:
    """Return the beginning of the local day of an instant."""
    return at.astimezone(_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
