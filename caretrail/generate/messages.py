r"""A telling as HL7 v2.5.1: segments ended by ``\r``, in the charset of its sender."""

from datetime import datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from caretrail.generate.hospital import Facility, Habits, Spot
from caretrail.generate.names import (
    ALLERGIES,
    CLINICIANS,
    CLINICIANS_GIVEN,
    DIAGNOSES,
    PAYERS,
    PRACTICES,
    STREETS,
    TOWNS,
)
from caretrail.generate.region import ENTERPRISE, ENTERPRISE_TYPE
from caretrail.generate.telling import Person, Telling

#: MSH-9.3, HL7 v2.5.1 chapter 3.
_STRUCTURES: Final = {
    "A01": "ADT_A01", "A02": "ADT_A02", "A03": "ADT_A03", "A04": "ADT_A01", "A05": "ADT_A05",
    "A06": "ADT_A06", "A07": "ADT_A06", "A08": "ADT_A01", "A11": "ADT_A09", "A12": "ADT_A12",
    "A13": "ADT_A01", "A28": "ADT_A05", "A31": "ADT_A05", "A40": "ADT_A39",
}  # fmt: skip

#: PV1-2: what stands for a class in the message. Profiles map OBS, and I of the post-acute.
CLASSES: Final = {"EMER": "E", "IMP": "I", "OBSENC": "OBS", "AMB": "O", "NONAC": "I", "": "N"}

_ENCODINGS: Final = {"utf-8": "utf-8", "latin-1": "latin-1", "unstated": "latin-1"}
_MSH_18: Final = {"utf-8": "UNICODE UTF-8", "latin-1": "8859/1", "unstated": ""}

#: Triggers whose messages say everything the sender knows of the person.
_RICH: Final = frozenset({"A01", "A04", "A05", "A06", "A08", "A28", "A31"})


def encode(telling: Telling, control: str) -> bytes:
    """Return the message. ``control`` is MSH-10."""
    facility, habits, trigger = telling.facility, telling.facility.habits, telling.trigger
    sent = _time(telling.created, habits, exact=True)
    if telling.sent_text is not None:
        sent = telling.sent_text
    segments = [
        f"MSH|^~\\&|{facility.application}|{facility.code}|CARETRAIL|REGION|{sent}||"
        f"ADT^{trigger}^{_STRUCTURES[trigger]}|{control}|{telling.mode}|2.5.1"
        + (f"||||||{_MSH_18[habits.charset]}" if _MSH_18[habits.charset] else ""),
        _trim(
            f"EVN|{trigger}|{_time(telling.entered, habits)}|||"
            f"RN{telling.clinician:04d}|{_time(telling.occurred, habits)}"
        ),
        _pid(telling),
    ]
    rich = trigger in _RICH
    if rich:
        segments.append(_pd1(telling.person))
    if telling.retired or telling.prior_number:
        retired = _number(telling.retired, facility) if telling.retired else ""
        segments.append(_trim(f"MRG|{retired}||||{_visit(telling.prior_number, habits)}"))
    if trigger == "A40":
        segments.append("PV1|1|N")
        return _bytes(segments, habits)
    if rich:
        segments.append(_nk1(telling.person))
    segments.append(_pv1(telling))
    if rich:
        segments += _details(telling)
    return _bytes(segments, habits)


def _bytes(segments: list[str], habits: Habits) -> bytes:
    return ("\r".join(segments) + "\r").encode(_ENCODINGS[habits.charset])


def _trim(segment: str) -> str:
    return segment.rstrip("|")


@lru_cache(maxsize=16)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _time(at: datetime | None, habits: Habits, *, exact: bool = False) -> str:
    """Return the time as local time of the sender.

    The hour that an autumn night has twice gets its offset, also from those who never state one.
    """
    if at is None:
        return ""
    local = at.astimezone(_zone(habits.zone))
    text = local.strftime("%Y%m%d%H%M" if habits.minutes and not exact else "%Y%m%d%H%M%S")
    if habits.offset or local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset():
        text += local.strftime("%z")
    return text


def _number(identifier: str, facility: Facility) -> str:
    """CX of a record number."""
    authority = {
        "plain": facility.code,
        "universal": f"{facility.code}&{_universal(facility)}&ISO",
        "alias": f"{facility.code} MRN",
        "missing": "",
    }[facility.habits.authority]
    return f"{identifier}^^^{authority}^MR"


def _universal(facility: Facility) -> str:
    """Return an object identifier out of the arc for examples (ITU-T X.660: 2.999)."""
    return "2.999." + ".".join(str(ord(letter)) for letter in facility.code)


def _pid(telling: Telling) -> str:
    person, facility = telling.person, telling.facility
    numbers = [] if telling.no_identifier else [_number(telling.record, facility)]
    if telling.enterprise:
        shared = f"{telling.enterprise}^^^{ENTERPRISE}^{ENTERPRISE_TYPE}"
        numbers.insert(0 if facility.habits.enterprise_first else len(numbers), shared)
    family, street = person.family, STREETS[person.street]
    house = person.house
    if telling.version:
        family = person.married or family
        house += 2 * telling.version
    town, code = TOWNS[person.town]
    died = "||||||||||||Y" if telling.disposition == "20" else ""
    return (
        f"PID|1||{'~'.join(numbers)}||{family}^{person.given}^{person.middle}||"
        f"{person.birth_date}|{person.sex}|||{house} {street}^^{town}^IL^{code}||"
        f"^PRN^PH^^^555^{100 + person.key % 900}{1000 + person.key * 7 % 9000}|||||"
        f"{telling.account}{died}"
    ).rstrip("|")


@lru_cache(maxsize=4096)
def _pd1(person: Person) -> str:
    practice = PRACTICES[person.key % len(PRACTICES)]
    return f"PD1|||{practice}^^{person.key % len(PRACTICES) + 1}"


@lru_cache(maxsize=4096)
def _nk1(person: Person) -> str:
    relation = "SPO^Spouse" if person.key % 2 else "CHD^Child"
    return f"NK1|1|{person.family}^{person.kin}|{relation}"


def _spot(spot: Spot | None) -> str:
    if spot is None:
        return ""
    return f"{spot.unit}^{spot.room}^{spot.bed}^{spot.campus}"


def _visit(number: str, habits: Habits) -> str:
    return "" if habits.visit_numbers == "never" else number


def _clinician(number: int) -> str:
    family = CLINICIANS[number % len(CLINICIANS)]
    return f"{20400 + number}^{family}^{CLINICIANS_GIVEN[number % len(CLINICIANS_GIVEN)]}"


def _pv1(telling: Telling) -> str:
    habits = telling.facility.habits
    fields = [""] * 46
    fields[0] = "PV1"
    fields[1] = "1"
    fields[2] = CLASSES[telling.class_code]
    if telling.class_code:
        fields[3] = _spot(telling.spot)
        fields[4] = "E" if telling.class_code == "EMER" else "R"
        fields[6] = _spot(telling.prior_spot)
        fields[7] = _clinician(telling.clinician)
        fields[10] = telling.service
        fields[14] = "7" if telling.class_code == "EMER" else "1"
        fields[19] = _visit(telling.number, habits)
        fields[36] = telling.disposition
        fields[44] = _time(telling.admitted, habits)
        fields[45] = _time(telling.discharged, habits)
    return "|".join(fields).rstrip("|")


def _details(telling: Telling) -> list[str]:
    person = telling.person
    segments = []
    if telling.trigger == "A05" and telling.admitted is not None:
        segments.append(f"PV2||||||||{_time(telling.admitted, telling.facility.habits)}")
    if person.allergy is not None:
        code, text = ALLERGIES[person.allergy]
        segments.append(f"AL1|1|DA|{code}^{text}^L|MO")
    if telling.trigger in {"A01", "A04", "A06", "A08"}:
        code, text = DIAGNOSES[telling.complaint]
        segments.append(f"DG1|1||{code}^{text}^I10|||A")
    plan, payer = PAYERS[person.payer]
    segments.append(f"IN1|1|{plan}|{plan}01|{payer}")
    return segments
