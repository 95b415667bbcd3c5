"""A terse way to say what hospitals say, and to read what was made of it.

Times are "10:00" on Monday 2 March 2026, "3d 10:00" that many days later, "10:00:05" with seconds,
"10:--" for an hour, "--" and "3d --" for a whole day. A time that is not said is that of sending; a
field that is None stays empty.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, cast

from domain.continuity import Encounter, Patient, Stay
from domain.ids import PlaceRef, RecordId, StatementRef, VisitRef
from domain.statement import (
    EncounterClass,
    IdentifierRef,
    Moment,
    Movement,
    Place,
    Settings,
    Statement,
)
from domain.triggers import trigger_of

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
SAME = "same"  # as the time of sending

_CLASSES: dict[str, EncounterClass] = {
    "E": "EMER", "I": "IMP", "O": "AMB", "B": "OBSENC", "P": "PRENC", "": "unknown",
}  # fmt: skip
_DEFAULT_CLASS = {"A04": "O", "A07": "O"}


def says(  # noqa: PLR0913  # every field that a message can state
    trigger: str,
    sent: str | None = "10:00",
    bed: str | None = None,
    *,
    at: str | None = SAME,
    evn2: str | None = SAME,
    evn6: str | None = None,
    pv144: str | None = None,
    pv145: str | None = None,
    visit: str | None = "V1",
    prior_visit: str | None = None,
    patient: str = "p1",
    merged: str | None = None,
    pv12: str | None = None,
    from_: str | None = None,
    sender: str = "H1",
    application: str = "ADT",
    control: str | None = None,
    trusted: tuple[str, ...] = (),
    master_index: bool = False,
    account: str | None = None,
    movement: str | None = None,
    settings: Settings | None = None,
    flags: tuple[str, ...] = (),
    extra: str = "",
) -> Statement:
    """Say one thing. ``at`` is when it happened, in the field that its kind states it in."""
    kind = trigger_of(trigger).kind
    own = sent if at == SAME else at
    if kind == "beginning" and pv144 is None and evn6 is None:
        pv144 = own
    elif kind == "end" and pv145 is None and evn6 is None:
        pv145 = own
    elif kind in {"move", "plan"} and evn6 is None:
        evn6 = own
    coded = pv12 if pv12 is not None else _DEFAULT_CLASS.get(trigger, "I")
    statement = Statement(
        ref=StatementRef(""),
        trigger=trigger,
        record=record(patient),
        application=application,
        sender=sender,
        namespace=sender,
        control_id=f"{trigger}-{sent}" if control is None else control,
        sent=moment(sent),
        entered=moment(sent if evn2 == SAME else evn2),
        occurred=moment(evn6),
        admitted=moment(pv144),
        discharged=moment(pv145),
        class_as_sent=coded,
        class_code=_CLASSES[coded],
        place=place(bed, sender),
        prior_place=place(from_, sender),
        visit=None if visit is None else VisitRef(f"{sender}.{visit}"),
        prior_visit=None if prior_visit is None else VisitRef(f"{sender}.{prior_visit}"),
        merged=None if merged is None else record(merged),
        identifiers=(
            IdentifierRef(field="PID-3", ref=record(patient), authority=authority(patient)),
            *(
                IdentifierRef(
                    field="PID-3",
                    ref=each,
                    authority="enterprise",
                    trusted=True,
                    master_index=master_index,
                    placeholder=each == "unknown",
                )
                for each in trusted
            ),
            *([] if account is None else [IdentifierRef(field="PID-18", ref=account)]),
        ),
        movement=None if movement is None else Movement(ref=movement),
        settings=settings or Settings(),
        flags=flags,
    )
    return _finished(statement, extra)


def again(
    statement: Statement, *, sent: str | None, control: str, evn2: str | None = None
) -> Statement:
    """Send the same content again; ``evn2`` gives it a new EVN-2."""
    changed = replace(statement, sent=moment(sent), control_id=control)
    if evn2 is None:
        return _named(changed)
    return _named(replace(changed, entered=moment(evn2), content=f"{statement.content}/{evn2}"))


def record(patient: str) -> RecordId:
    return RecordId(patient)


def authority(patient: str) -> str:
    """Records "a.1" and "a.2" are of the authority "a"."""
    return patient.partition(".")[0] if "." in patient else "mrn"


def place(bed: str | None, facility: str = "H1") -> Place | None:
    if bed is None:
        return None
    return Place(ref=PlaceRef(bed), facility=facility, unit=bed, bed=bed)


def moment(text: str | None) -> Moment | None:
    if text is None:
        return None
    day, _, clock = text.rpartition(" ")
    date = MONDAY + timedelta(days=int(day.removesuffix("d") or 0))
    parts = [int(part) for part in clock.split(":") if part != "--"]
    at = date + timedelta(**dict(zip(("hours", "minutes", "seconds"), parts, strict=False)))
    if clock == "--":
        return Moment(at=at, until=at + timedelta(days=1, seconds=-1), precision="day")
    if "--" in clock:
        return Moment(at=at, until=at + timedelta(hours=1, seconds=-1), precision="hour")
    return Moment(at=at)


def _finished(statement: Statement, extra: str) -> Statement:
    bare = replace(statement, sent=None, control_id="", sequence="", flags=())
    content = sha256(f"{bare!r}{extra}".encode()).hexdigest()[:16]
    but_entered = sha256(f"{replace(bare, entered=None)!r}{extra}".encode()).hexdigest()[:16]
    return _named(replace(statement, content=content, content_but_entered=but_entered))


def _named(statement: Statement) -> Statement:
    parts = (
        statement.record, statement.sent, statement.application, statement.sender,
        statement.control_id, statement.content, statement.pair,
    )  # fmt: skip
    ref = sha256(repr(parts).encode()).hexdigest()[:16]
    return replace(statement, ref=StatementRef(ref))


def told(patients: tuple[Patient, ...]) -> list[str]:
    """Show what was made of it, an encounter a line.

    "p1 V1 IMP finished 10:00-13:20: A 10:00-11:00, B 11:00-13:20": patient, visit, class, status,
    times, stays. "?" is an unknown beginning, "~10:00" an inferred time, "(A 10:00-11:00)" a ghost,
    "!" before the patient stands for flags.
    """
    return [
        f"{'!' if encounter.flags else ''}{patient.patient_id} {shown(encounter)}"
        for patient in patients
        for encounter in patient.encounters
    ]


def shown(encounter: Encounter) -> str:
    start = _time(encounter.start, inferred=encounter.start_inferred, unknown="?")
    end = _time(encounter.end, inferred=encounter.end_inferred, unknown="")
    visit = "-" if encounter.visit is None else encounter.visit.partition(".")[2]
    stays = ", ".join(_stay(stay) for stay in encounter.stays)
    return f"{visit} {encounter.class_code} {encounter.status} {start}-{end}: {stays}".rstrip(": ")


def _stay(stay: Stay) -> str:
    where = "nowhere" if stay.place is None else stay.place.ref
    text = f"{where} {_time(stay.start, unknown='?')}-{_time(stay.end, unknown='')}"
    return f"({text})" if stay.cancelled else text


def _time(at: datetime | None, *, unknown: str, inferred: bool = False) -> str:
    if at is None:
        return unknown
    day = (at - MONDAY).days
    clock = f"{at:%H:%M:%S}".removesuffix(":00")
    clock = f"{'~' if inferred else ''}{clock}"
    return f"{day}d {clock}" if day else clock


def without_refs(patients: tuple[Patient, ...]) -> Any:
    """Return what must be equal when something was sent twice: all but which statements say so."""
    return [
        (
            patient.patient_id,
            patient.records,
            [
                encounter._replace(
                    encounter_id=cast("Any", ""),
                    statements=(),
                    stays=tuple(
                        stay._replace(statement=StatementRef("")) for stay in encounter.stays
                    ),
                )
                for encounter in patient.encounters
            ],
        )
        for patient in patients
    ]
