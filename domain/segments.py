r"""What stands in sealed segments, as JSON. The application opens them; nothing else can.

Every class decodes with msgspec into the types below; unknown members are ignored, so members may
be added. Text is as sent, unescaped. An explicit null (``""``) of HL7 is the string of,
two quotes here, and differs from a member that is missing.
"""

from dataclasses import dataclass


class SegmentDoesNotOpen(Exception):
    """A sealed segment does not open: its key is gone, is another one, or the text was changed."""

    def __init__(self, *, event_id: str, subject: str, segment: str) -> None:
        self.event_id = event_id
        self.subject = subject
        self.segment = segment
        super().__init__(f"segment {segment!r} of {subject} in {event_id} does not open")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """A number as sent, and who gave it out. ``ref`` is that of the core."""

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
    """XPN."""

    family: str = ""
    given: str = ""
    middle: str = ""
    suffix: str = ""
    prefix: str = ""
    type: str = ""  # HL7 table 0200


@dataclass(frozen=True, slots=True, kw_only=True)
class Demographics:
    """Class ``demographics``: PID-5 to -30 without its numbers, PD1, NK1, IN1 to IN3, GT1.

    ``birth_date`` is a date: ISO, to the precision sent (``1951``, ``1951-06``, ``1951-06-02``).
    ``segments`` holds PID and the others whole: name of the segment, then its fields as sent by
    number, for whatever is read later.
    """

    names: tuple[Name, ...] = ()
    birth_date: str = ""
    sex: str = ""
    addresses: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    segments: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part2Place:
    """The codes of a place that the core has as a ref."""

    field: str  # PV1-3, PV1-6
    ref: str
    unit: str = ""
    room: str = ""
    bed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part2:
    """Class ``part2``: places of units that 42 CFR Part 2 covers, as the profile marks them."""

    places: tuple[Part2Place, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinical:
    """Class ``clinical``: AL1, DG1, PR1, ROL, PV2, Z segments, the rest of PV1 and EVN; as sent."""

    segments: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """Class ``notes``: text that could not be read, by field."""

    unread: dict[str, str]
