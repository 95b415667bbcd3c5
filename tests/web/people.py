"""Patients as interpretation returns them, written by hand for the tests of pages."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from caretrail.web.words import Words
from domain.continuity import Encounter, Entry, Patient, Status, Stay
from domain.ids import EncounterId, PatientId, PlaceRef, RecordId, StatementRef
from domain.statement import EncounterClass, Place

CHICAGO = ZoneInfo("America/Chicago")
NAMES = {
    "SBH": "St Brannoc's", "NGH": "Northfield General", "HRC": "Harbour Rehabilitation",
    "CSC": "Cedar Street Clinic", "VNA": "Valley Nurses",
}  # fmt: skip
WORDS = Words(zone=CHICAGO, zone_name="America/Chicago", facilities=NAMES)
AS_OF = datetime(2026, 2, 19, 14, 5, tzinfo=CHICAGO)
_NUMBER = count(1)


def at(text: str) -> datetime:
    """Return the local time in Chicago of ``02-16 10:45`` (in 2026) or of a text with a year."""
    full = text if text[:2] in ("19", "20") and text[4:5] == "-" else f"2026-{text}"
    return datetime.fromisoformat(full).replace(tzinfo=CHICAGO).astimezone(UTC)


def place(facility: str, label: str) -> Place:
    unit, _, room = label.partition("-")
    return Place(
        ref=PlaceRef(f"{facility}|{label}"), facility=facility, unit=unit, room=room or None
    )


def ref(name: str) -> StatementRef:
    return StatementRef(name)


def encounter(
    facility: str,
    stays: Sequence[tuple[str, EncounterClass, str | None]],  # label, class, start
    end: str | None = None,
    *,
    status: Status | None = None,
    planned_for: str | None = None,
    disposition: str = "",
    ghosts: Sequence[tuple[str, EncounterClass, str, str]] = (),
    name: str = "",
) -> Encounter:
    key = name or f"auto-{next(_NUMBER)}"
    cancelled = status == "cancelled"
    starts = [at(s) if s else None for _, _, s in stays]
    ends = [*starts[1:], at(end) if end else None]
    made = [
        Stay(
            place=place(facility, label) if label else None, class_code=code, start=start,
            end=stop, cancelled=cancelled, statement=ref(f"{key}-{number}"),
        )
        for number, ((label, code, _), start, stop) in enumerate(
            zip(stays, starts, ends, strict=True)
        )
    ]  # fmt: skip
    made += [
        Stay(
            place=place(facility, label), class_code=code, start=at(a), end=at(b),
            cancelled=True, statement=ref(f"{key}-ghost-{label}"),
        )
        for label, code, a, b in ghosts
    ]  # fmt: skip
    return Encounter(
        encounter_id=EncounterId(key),
        mode="P",
        record=RecordId(f"r-{facility}"),
        namespace=facility,
        facility=facility,
        visit=None,
        class_code=stays[-1][1] if stays else "unknown",
        class_as_sent="I",
        status=status or ("finished" if end else "in-progress"),
        start=starts[0] if starts else None,
        end=ends[-1] if ends else None,
        start_inferred=not starts or starts[0] is None,
        end_inferred=False,
        cancelled=cancelled,
        stays=tuple(made),
        statements=tuple(stay.statement for stay in made),
        disposition_code=disposition,
        planned_for=at(planned_for) if planned_for else None,
    )


def patient(*encounters: Encounter, entries: Sequence[Entry] = ()) -> Patient:
    ordered = sorted(encounters, key=lambda e: (e.start is not None, e.start, e.encounter_id))
    return Patient(
        patient_id=PatientId("0190-p"),
        mode="P",
        records=(RecordId("r-NGH"),),
        merges=(),
        encounters=tuple(ordered),
        entries=tuple(entries),
    )


def heard(enc: Encounter, when: str) -> Entry:
    return Entry(
        statement=enc.statements[0], happened_at=at(when), inferred=False,
        encounter_id=enc.encounter_id,
    )  # fmt: skip


def alder() -> Patient:
    """Return a patient with eight encounters in four facilities."""
    mid_stay = encounter(
        "SBH", [("3N-02", "IMP", None)], "01-07 10:15", disposition="home", name="e1"
    )
    return patient(
        mid_stay,
        encounter("CSC", [("Room 2", "AMB", "01-12 09:05")], "01-12 09:50", name="e2"),
        encounter(
            "NGH",
            [
                ("ED-07", "EMER", "01-15 08:10"), ("4W-12", "IMP", "01-15 14:25"),
                ("ICU-03", "IMP", "01-17 03:50"), ("4W-08", "IMP", "01-19 11:00"),
            ],
            "01-23 10:30", disposition="rehab", name="e3",
        ),
        encounter(
            "HRC", [("R2-14", "NONAC", "01-23 11:40")], "02-02 09:00",
            disposition="home", name="e4",
        ),
        encounter(
            "SBH", [("6S-11", "IMP", "02-02 15:20")], "02-04 11:05",
            status="cancelled", name="e5",
        ),
        encounter(
            "SBH",
            [
                ("ED-12", "EMER", "02-11 21:15"), ("OBS-04", "OBSENC", "02-12 02:10"),
                ("5E-21", "IMP", "02-13 16:00"),
            ],
            "02-16 09:30", disposition="other-hcf", name="e6",
        ),
        encounter("NGH", [("4W-10", "IMP", "02-16 10:45")], name="e7"),
        encounter(
            "CSC", [("Cardiology", "AMB", "02-26 09:30")], status="planned",
            planned_for="02-26 09:30", name="e8",
        ),
        entries=[heard(mid_stay, "01-04 06:20")],
    )  # fmt: skip


def crowded() -> Patient:
    """Return a patient with dialysis three times a week and yearly stays for five years."""
    made = []
    day = datetime(2021, 3, 1, 7, 30, tzinfo=CHICAGO)
    while day < AS_OF:
        if day.weekday() in (0, 2, 4):
            stop = day + timedelta(hours=4)
            made.append(
                encounter(
                    "CSC", [("Dialysis", "AMB", f"{day:%Y-%m-%d %H:%M}")], f"{stop:%Y-%m-%d %H:%M}"
                )
            )
        day += timedelta(days=1)
    made += [
        encounter(
            "NGH",
            [("ED-01", "EMER", f"{year}-09-03 10:00"), ("4W-02", "IMP", f"{year}-09-03 16:00")],
            f"{year}-09-11 12:00",
            disposition="home",
        )
        for year in range(2021, 2026)
    ]
    return patient(*made)


def twelve() -> Patient:
    """Return a patient with twelve encounters in five facilities within 90 days."""
    return patient(
        *alder().encounters,
        encounter("VNA", [("Home visit", "HH", "02-04 10:00")], "02-04 11:00"),
        encounter("VNA", [("Home visit", "HH", "02-06 10:00")], "02-06 11:00"),
        encounter("VNA", [("Home visit", "HH", "02-09 10:00")], "02-09 11:00"),
        encounter("CSC", [("Video", "VR", "02-10 09:00")], "02-10 09:20"),
        entries=alder().entries,
    )


def one_stay() -> Patient:
    """Return a patient who has been in an emergency department for three hours."""
    return patient(encounter("NGH", [("ED-07", "EMER", "02-19 11:05")]))


def corrected() -> Patient:
    """Return a patient with a cancelled transfer, a cancelled plan and a closed visit."""
    stay = encounter(
        "NGH", [("4W-10", "IMP", "02-16 10:45"), ("4W-11", "IMP", "02-18 09:00")],
        ghosts=[("ICU-02", "IMP", "02-17 08:00", "02-17 09:10")],
    )  # fmt: skip
    unclear = encounter("SBH", [("ED-08", "EMER", "02-10 20:00")], status="finished")._replace(
        end_inferred=True
    )
    return patient(unclear, stay)
