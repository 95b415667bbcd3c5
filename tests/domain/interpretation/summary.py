"""Write what interpretation returned as short lines, so that a case can be read at a glance."""

from collections.abc import Iterable
from datetime import datetime

from domain.continuity import Death, Encounter, Patient, Stay
from domain.ids import EncounterId, StatementRef, VisitRef
from domain.interpretation import StatedMember
from domain.statement import EncounterClass, Statement
from tests.domain.interpretation.statements import MONDAY


def encounter_lines(patients: Iterable[Patient]) -> tuple[str, ...]:
    """Return one line for each encounter.

    "p1 V1 IMP finished 10:00-13:20: E EMER 10:00-11:00, B 11:00-13:20 [renumbered]" names patient,
    visit number, class, status, start and end, the stays, and the flags. A stay names its class
    only if the encounter has another one. "?" is an unknown start, "~10:00" an inferred time,
    "(A 10:00-11:00)" a cancelled stay.
    """
    return tuple(
        f"{patient.patient_id} {_encounter(encounter)}"
        for patient in patients
        for encounter in patient.encounters
    )


def entry_lines(patients: Iterable[Patient], statements: Iterable[Statement]) -> tuple[str, ...]:
    """Return one line for each entry of the timelines.

    "1 A02 11:00 voided" names the encounter (by its line, "-" if the entry belongs to none), the
    trigger, when it happened, whether a cancel took it back, and its flags.
    """
    patients = tuple(patients)
    triggers = {each.ref: each.trigger for each in statements}
    ids = [encounter.encounter_id for patient in patients for encounter in patient.encounters]
    numbers = {encounter_id: str(number) for number, encounter_id in enumerate(ids, 1)}
    return tuple(
        " ".join(
            [
                "-" if entry.encounter_id is None else numbers[entry.encounter_id],
                triggers[entry.statement],
                _time(
                    entry.happened_at,
                    unknown="~?" if entry.inferred else "?",
                    inferred=entry.inferred,
                ),
                *(["voided"] if entry.voided_by else []),
                *entry.flags,
            ]
        )
        for patient in patients
        for entry in patient.entries
    )


def patient_lines(patients: Iterable[Patient]) -> tuple[str, ...]:
    """Return one line for each patient.

    "p2: p1 p2, p1 into p2, died 12:00 [identifier_shared]" names the records, the merges that join
    them, and the death. "~12:00" is a time that no statement states.
    """
    return tuple(
        ", ".join(
            [
                f"{patient.patient_id}: {' '.join(patient.records)}",
                *(f"{merge.retired} into {merge.survivor}" for merge in patient.merges),
                *([] if patient.death is None else [f"died {_death(patient.death)}"]),
            ]
        )
        + _flags(patient.flags)
        for patient in patients
    )


def team_lines(patient: Patient, team: Iterable[StatedMember]) -> tuple[str, ...]:
    """Return one line for each period of a practitioner in a role.

    "V1 AT d1 10:00-14:00" names the visit number, the role, the practitioner, the beginning and the
    end. A role for the person has the namespace of the sender in place of the visit number.
    """
    visits = {each.encounter_id: each.visit for each in patient.encounters}
    return tuple(
        f"{_visit(visits[each.encounter_id]) if each.encounter_id else each.facility}"
        f" {each.role} {each.practitioner}"
        f" {_time(each.since, unknown='?')}-{_time(each.until, unknown='')}"
        for each in team
    )


def without_refs(patients: Iterable[Patient]) -> list[object]:
    """Return what must stay the same after a resend: everything except the statements' refs."""
    nothing = StatementRef("")
    return [
        (
            patient.patient_id,
            patient.records,
            [
                encounter._replace(
                    encounter_id=EncounterId(nothing),
                    statements=(),
                    stays=tuple(stay._replace(statement=nothing) for stay in encounter.stays),
                )
                for encounter in patient.encounters
            ],
            patient.death,
        )
        for patient in patients
    ]


def _encounter(encounter: Encounter) -> str:
    start = _time(encounter.start, unknown="?", inferred=encounter.start_inferred)
    end = _time(encounter.end, unknown="", inferred=encounter.end_inferred)
    visit = _visit(encounter.visit)
    stays = ", ".join(_stay(stay, encounter.class_code) for stay in encounter.stays)
    line = f"{visit} {encounter.class_code} {encounter.status} {start}-{end}"
    return f"{line}{stays and ': '}{stays}{_flags(encounter.flags)}"


def _visit(visit: VisitRef | None) -> str:
    return "-" if visit is None else visit.partition(".")[2]


def _stay(stay: Stay, class_code: EncounterClass) -> str:
    where = "nowhere" if stay.place is None else stay.place.ref
    own_class = "" if stay.class_code == class_code else f"{stay.class_code} "
    times = f"{_time(stay.start, unknown='?')}-{_time(stay.end, unknown='')}"
    text = " ".join([f"{where} {own_class}{times}", *stay.flags])
    return f"({text})" if stay.cancelled else text


def _death(death: Death) -> str:
    return _time(death.at, unknown="?", inferred=death.inferred)


def _time(at: datetime | None, *, unknown: str, inferred: bool = False) -> str:
    if at is None:
        return unknown
    day = (at - MONDAY).days
    clock = f"{'~' if inferred else ''}{f'{at:%H:%M:%S}'.removesuffix(':00')}"
    return f"{day}d {clock}" if day else clock


def _flags(flags: Iterable[str]) -> str:
    named = " ".join(flags)
    return f" [{named}]" if named else ""
