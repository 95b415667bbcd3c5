r"""The content of sealed segments, as JSON.

msgspec decodes the text of each class into a type below. Unknown members are ignored, so later
releases may add members. In numbers, names, addresses and phones, escapes are resolved; the fields
of HL7 segments are as sent. An explicit null of HL7 (``""``) is a string of two quotes here, so it
differs from a missing member.
"""

from dataclasses import dataclass


class SegmentDoesNotOpen(Exception):
    """A sealed segment does not open: the key is gone or wrong, or the text was changed."""

    def __init__(self, *, event_id: str, subject: str, segment: str) -> None:
        self.event_id = event_id
        self.subject = subject
        self.segment = segment
        super().__init__(f"segment {segment!r} of {subject} in {event_id} does not open")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """A number as sent, and the authority that assigned it; ``ref`` is its ref in the core."""

    field: str  # PID-3, PID-18, PV1-19, MRG-1, ...
    value: str
    authority: str = ""
    type: str = ""
    ref: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifiers:
    """Class ``identifiers``: record, visit and account numbers."""

    numbers: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name (data type XPN)."""

    family: str = ""
    given: str = ""
    middle: str = ""
    suffix: str = ""
    prefix: str = ""
    type: str = ""  # HL7 table 0200


@dataclass(frozen=True, slots=True, kw_only=True)
class Demographics:
    """Class ``demographics``: PID without its numbers, PD1, NK1, IN1 to IN3, GT1.

    ``birth_date`` is an ISO date, as precise as sent (``1951``, ``1951-06``, ``1951-06-02``).
    Each item of ``segments`` is one of these HL7 segments as sent: its name, and its fields by
    number. A later release may read more of these fields.
    """

    names: tuple[Name, ...] = ()
    birth_date: str = ""
    sex: str = ""
    addresses: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    segments: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Practitioner:
    """A practitioner (data type XCN); ``ref`` is the practitioner's ref in the core."""

    ref: str
    name: Name = Name()
    numbers: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Practitioners:
    """Class ``demographics``: a further member, if the statement names practitioners."""

    practitioners: tuple[Practitioner, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part2Place:
    """The codes of a place; the core has only its ref."""

    field: str  # PV1-3, PV1-6
    ref: str
    unit: str = ""
    room: str = ""
    bed: str = ""
    building: str = ""
    floor: str = ""
    text: str = ""  # the text that names it, if no unit does


@dataclass(frozen=True, slots=True, kw_only=True)
class Part2:
    """Class ``part2``: places of units that the profile names as protected by 42 CFR Part 2."""

    places: tuple[Part2Place, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinical:
    """Class ``clinical``: all other segments, and the fields of PV1 and EVN outside the core."""

    segments: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceText:
    """The text that names a place instead of a unit; the core has its ref."""

    field: str  # PV1-3, PV1-6
    ref: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """Class ``notes``: text that could not be read, by field, and texts that name places."""

    unread: dict[str, str]
    places: tuple[PlaceText, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeText:
    """Class ``notes`` of an own event: what a person wrote, by name, such as ``question``."""

    texts: dict[str, str]
