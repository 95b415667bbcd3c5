r"""Encode messages as HL7 v2.5.1: segments end in ``\r``, in the charset of the sender."""

from datetime import datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from caretrail.generate.adt_message import AdtMessage
from caretrail.generate.hospital import Facility, SenderHabits, Spot
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
from caretrail.generate.people import SyntheticPerson
from caretrail.generate.region import ENTERPRISE, ENTERPRISE_TYPE

#: MSH-9.3, HL7 v2.5.1 chapter 3.
_STRUCTURES: Final = {
    "A01": "ADT_A01", "A02": "ADT_A02", "A03": "ADT_A03", "A04": "ADT_A01", "A05": "ADT_A05",
    "A06": "ADT_A06", "A07": "ADT_A06", "A08": "ADT_A01", "A11": "ADT_A09", "A12": "ADT_A12",
    "A13": "ADT_A01", "A28": "ADT_A05", "A31": "ADT_A05", "A40": "ADT_A39",
}  # fmt: skip

#: PV1-2 for each class. The profiles map OBS, and the I of post-acute facilities.
CLASSES: Final = {"EMER": "E", "IMP": "I", "OBSENC": "OBS", "AMB": "O", "NONAC": "I", "": "N"}

_ENCODINGS: Final = {"utf-8": "utf-8", "latin-1": "latin-1", "unstated": "latin-1"}
_MSH_18: Final = {"utf-8": "UNICODE UTF-8", "latin-1": "8859/1", "unstated": ""}

#: Triggers whose messages have everything that the sender knows about the person.
_RICH: Final = frozenset({"A01", "A04", "A05", "A06", "A08", "A28", "A31"})


def encode(message: AdtMessage, control: str) -> bytes:
    """Return the bytes of a message; ``control`` is MSH-10."""
    facility, habits, trigger = message.facility, message.facility.habits, message.trigger
    sent = _time(message.created, habits, exact=True)
    if message.sent_text is not None:
        sent = message.sent_text
    segments = [
        f"MSH|^~\\&|{facility.application}|{facility.code}|CARETRAIL|REGION|{sent}||"
        f"ADT^{trigger}^{_STRUCTURES[trigger]}|{control}|{message.mode}|2.5.1"
        + (f"||||||{_MSH_18[habits.charset]}" if _MSH_18[habits.charset] else ""),
        _trim(
            f"EVN|{trigger}|{_time(message.entered, habits)}|||"
            f"RN{message.clinician:04d}|{_time(message.occurred, habits)}"
        ),
        _pid(message),
    ]
    rich = trigger in _RICH
    if rich:
        segments.append(_pd1(message.person))
    if message.retired or message.prior_number:
        retired = _number(message.retired, facility) if message.retired else ""
        segments.append(_trim(f"MRG|{retired}||||{_visit(message.prior_number, habits)}"))
    if trigger == "A40":
        segments.append("PV1|1|N")
        return _bytes(segments, habits)
    if rich:
        segments.append(_nk1(message.person))
    segments.append(_pv1(message))
    if rich:
        segments += _details(message)
    return _bytes(segments, habits)


def _bytes(segments: list[str], habits: SenderHabits) -> bytes:
    return ("\r".join(segments) + "\r").encode(_ENCODINGS[habits.charset])


def _trim(segment: str) -> str:
    return segment.rstrip("|")


@lru_cache(maxsize=16)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _time(at: datetime | None, habits: SenderHabits, *, exact: bool = False) -> str:
    """Return a time as local time of the sender.

    In the hour that occurs twice when clocks go back, the offset is always written.
    """
    if at is None:
        return ""
    local = at.astimezone(_zone(habits.zone))
    text = local.strftime("%Y%m%d%H%M" if habits.minutes and not exact else "%Y%m%d%H%M%S")
    if habits.offset or local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset():
        text += local.strftime("%z")
    return text


def _number(identifier: str, facility: Facility) -> str:
    """Return a record number as CX."""
    authority = {
        "plain": facility.code,
        "universal": f"{facility.code}&{_universal(facility)}&ISO",
        "alias": f"{facility.code} MRN",
        "missing": "",
    }[facility.habits.authority]
    return f"{identifier}^^^{authority}^MR"


def _universal(facility: Facility) -> str:
    """Return an object identifier below 2.999, which ITU-T X.660 reserves for examples."""
    return "2.999." + ".".join(str(ord(letter)) for letter in facility.code)


def _pid(message: AdtMessage) -> str:
    person, facility = message.person, message.facility
    numbers = [] if message.no_identifier else [_number(message.record, facility)]
    if message.enterprise:
        shared = f"{message.enterprise}^^^{ENTERPRISE}^{ENTERPRISE_TYPE}"
        numbers.insert(0 if facility.habits.enterprise_first else len(numbers), shared)
    family, street = person.family, STREETS[person.street]
    house = person.house
    if message.version:
        family = person.married or family
        house += 2 * message.version
    town, code = TOWNS[person.town]
    died = "||||||||||||Y" if message.disposition == "20" else ""
    if message.died is not None:
        died = f"|||||||||||{_time(message.died, facility.habits)}|Y"
    return (
        f"PID|1||{'~'.join(numbers)}||{family}^{person.given}^{person.middle}||"
        f"{person.birth_date}|{person.sex}|||{house} {street}^^{town}^IL^{code}||"
        f"^PRN^PH^^^555^{100 + person.key % 900}{1000 + person.key * 7 % 9000}|||||"
        f"{message.account}{died}"
    ).rstrip("|")


@lru_cache(maxsize=4096)
def _pd1(person: SyntheticPerson) -> str:
    practice = PRACTICES[person.key % len(PRACTICES)]
    return f"PD1|||{practice}^^{person.key % len(PRACTICES) + 1}"


@lru_cache(maxsize=4096)
def _nk1(person: SyntheticPerson) -> str:
    relation = "SPO^Spouse" if person.key % 2 else "CHD^Child"
    return f"NK1|1|{person.family}^{person.kin}|{relation}"


def _spot(spot: Spot | None) -> str:
    if spot is None:
        return ""
    return f"{spot.unit}^{spot.room}^{spot.bed}^{spot.campus}"


def _visit(number: str, habits: SenderHabits) -> str:
    return "" if habits.visit_numbers == "never" else number


def _clinician(number: int) -> str:
    family = CLINICIANS[number % len(CLINICIANS)]
    return f"{20400 + number}^{family}^{CLINICIANS_GIVEN[number % len(CLINICIANS_GIVEN)]}"


def _pv1(message: AdtMessage) -> str:
    habits = message.facility.habits
    fields = [""] * 46
    fields[0] = "PV1"
    fields[1] = "1"
    fields[2] = CLASSES[message.class_code]
    if message.class_code:
        fields[3] = _spot(message.spot)
        fields[4] = "E" if message.class_code == "EMER" else "R"
        fields[6] = _spot(message.prior_spot)
        fields[7] = _clinician(message.clinician)
        fields[10] = message.service
        fields[14] = "7" if message.class_code == "EMER" else "1"
        fields[19] = _visit(message.number, habits)
        fields[36] = message.disposition
        fields[44] = _time(message.admitted, habits)
        fields[45] = _time(message.discharged, habits)
    return "|".join(fields).rstrip("|")


def _details(message: AdtMessage) -> list[str]:
    person = message.person
    segments = []
    if message.trigger == "A05" and message.admitted is not None:
        segments.append(f"PV2||||||||{_time(message.admitted, message.facility.habits)}")
    if person.allergy is not None:
        code, text = ALLERGIES[person.allergy]
        segments.append(f"AL1|1|DA|{code}^{text}^L|MO")
    if message.trigger in {"A01", "A04", "A06", "A08"}:
        code, text = DIAGNOSES[message.complaint]
        segments.append(f"DG1|1||{code}^{text}^I10|||A")
    plan, payer = PAYERS[person.payer]
    segments.append(f"IN1|1|{plan}|{plan}01|{payer}")
    return segments
