"""Record the patients whose pages are measured: messages, and commands on their care.

One patient in ten was in the hospital and has a team, a transition and a referral. One in a hundred
is in the hospital now. A few have a long history. All others had one visit.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from caretrail.bootstrap import Application
from caretrail.generate.names import FAMILIES, WOMEN
from caretrail.intake import reading_context
from commands.care_team.members import JoinCareTeam
from commands.command import Command
from commands.decisions import Caller, GivenCommand
from commands.referral.answer import AcceptReferral
from commands.referral.close import CloseReferral
from commands.referral.request import RequestReferral
from commands.referral.visit import RecordSeen, ScheduleReferral
from consumers.hl7v2.translate import read
from domain.body import Actor
from domain.ids import IdKey, RecordId, StreamId
from infra import clock

#: Who is signed in.
PERSON: Final = "dr-1"
#: A long history has so many statements and referrals.
MOVEMENTS: Final = 500
REFERRALS: Final = 50

_FACILITIES: Final = 20
_CLINICS: Final = 20
_LONG: Final = 4  # patients with a long history
_WITH_ACTIVITIES: Final = 10  # one patient in so many
_IN_HOSPITAL: Final = 100  # one patient in so many
_VISIT: Final = 10  # statements of one visit of a long history
_BETWEEN: Final = timedelta(days=20)  # from one of these visits to the next
_TOGETHER: Final = 250  # messages or commands in one transaction
_ACTOR: Final = Actor(kind="person", issuer="local", subject=PERSON, purpose="TREAT")
_URGENCIES: Final = ("routine", "routine", "asap", "urgent")
_SERVICES: Final = ("echo", "rehab", "wound_care")


def facility(patient: int) -> str:
    """Return the hospital of a patient."""
    tens = patient // _WITH_ACTIVITIES
    return f"HOSP{(tens + tens // _FACILITIES) % _FACILITIES}"


def clinic(number: int) -> str:
    """Return the target of a referral."""
    return f"CLINIC{number % _CLINICS}"


def organisations() -> list[str]:
    """Return all hospitals and clinics."""
    return [*(f"HOSP{each}" for each in range(_FACILITIES)), *map(clinic, range(_CLINICS))]


def number(patient: int) -> str:
    """Return the number of a patient in the hospital."""
    return f"{patient + 1:08}"


def family(patient: int) -> str:
    """Return the family name of a patient."""
    return FAMILIES[patient % len(FAMILIES)]


def record_of(id_key: IdKey, patient: int) -> RecordId:
    """Return the source record of a patient."""
    return id_key.record(facility(patient), number(patient), "P")


def long_histories() -> range:
    """Return the patients with a long history."""
    return range(_LONG)


def with_activities(patients: int) -> range:
    """Return the patients with one referral."""
    return range(_WITH_ACTIVITIES, patients, _WITH_ACTIVITIES)


def record(application: Application, patients: int, now: datetime) -> None:
    """Record so many patients, and keep the read models up to date."""
    context = reading_context(application, arrived_by="file")
    messages = [each for patient in range(patients) for each in _messages(patient, now)]
    for some in _batches(messages):
        application.record([read(each, context=context) for each in some])
    application.read_models.catch_up()
    ids = application.id_key
    referred = [patient for patient in long_histories() for _ in range(REFERRALS)]
    referred += with_activities(patients)
    for step in zip(*(_commands(ids, *each, now) for each in enumerate(referred)), strict=True):
        for some in _batches([each for each in step if each is not None]):
            _give(application, some)
    application.read_models.catch_up()


def _batches(given: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(given), _TOGETHER):
        yield given[start : start + _TOGETHER]


def _give(application: Application, given: Sequence[Command]) -> None:
    caller = Caller(actor=_ACTOR)
    for outcome in application.decisions.record_all([GivenCommand(each, caller) for each in given]):
        if isinstance(outcome, Exception):
            raise outcome


def _messages(patient: int, now: datetime) -> Iterator[bytes]:
    begun = now - timedelta(days=9, minutes=patient)
    if patient in long_histories():
        for visit in range(MOVEMENTS // _VISIT):
            admitted = begun - _BETWEEN * visit
            steps = ["A01", *["A02"] * (_VISIT - 2), "A03"]
            for hour, trigger in enumerate(steps):
                yield _message(patient, trigger, admitted, timedelta(hours=hour), visit=visit)
    elif patient % _WITH_ACTIVITIES == 0:
        for trigger, days in (("A01", 0), ("A02", 1), ("A03", 4)):
            yield _message(patient, trigger, begun, timedelta(days=days))
    else:
        yield _message(patient, "A01" if patient % _IN_HOSPITAL == 1 else "A04", begun)


def _message(
    patient: int,
    trigger: str,
    admitted: datetime,
    after: timedelta = timedelta(),
    *,
    visit: int = 0,
) -> bytes:
    when, home = f"{admitted + after:%Y%m%d%H%M%S}", facility(patient)
    kind = "O" if trigger == "A04" else "I"
    room = f"{patient}-{after // timedelta(hours=1)}"
    return (
        f"MSH|^~\\&|ADT|{home}|||{when}||ADT^{trigger}|{patient}-{when}|P|2.5.1|||||UNICODE UTF-8\r"
        f"EVN|{trigger}|{when}||||{when}\r"
        f"PID|1||{number(patient)}^^^{home}^MR||{family(patient)}"
        f"^{WOMEN[patient // 7 % len(WOMEN)]}||19510602|F\r"
        f"PV1|1|{kind}|MED^{room}^1^{home}||||||||||||||||V{patient}-{visit}"
        f"{'|' * 25}{admitted:%Y%m%d%H%M%S}\r"
    ).encode()


def _commands(ids: IdKey, nth: int, patient: int, now: datetime) -> tuple[Command | None, ...]:
    """Return the commands on one referral of a patient: how far it goes depends on ``nth``."""
    target = {"organisation": clinic(nth)}
    own = {"organisation": facility(patient), "person": f"dr-{nth % 10}"}
    record, stream = record_of(ids, patient), StreamId(clock.new_id())
    accepted = nth % 2 == 1
    seen = nth % 8 == 3  # one in eight
    closed = nth % 16 == 3  # one in sixteen
    joins = nth >= REFERRALS * _LONG or nth % REFERRALS == 0

    def command(kind: type[Command], given: object, **members: Any) -> Command | None:
        return kind.model_validate(members) if given else None

    return (
        command(
            JoinCareTeam, joins, stream=ids.stream(JoinCareTeam.KIND.name, record), record=record,
            member="nurse-1", role="nurse", organisation=facility(patient),
        ),
        command(
            RequestReferral, True, stream=stream, record=record, requester=own, target=target,
            service=_SERVICES[nth % len(_SERVICES)], specialty="cardiology",
            urgency=_URGENCIES[nth % len(_URGENCIES)], question="Please see.",
        ),
        command(AcceptReferral, accepted, stream=stream, by=target),
        command(
            ScheduleReferral, nth % 4 == 1, stream=stream, by=target,
            starts_at=now + timedelta(days=6),
        ),
        command(RecordSeen, seen, stream=stream, by=target),
        command(
            CloseReferral, closed, stream=stream, acknowledged_by=own, outcome={"how": "fax"},
            need_met="yes",
        ),
    )  # fmt: skip
