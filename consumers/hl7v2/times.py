"""Read the times of one statement, and flag those that are doubtful."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from consumers.hl7v2.delimiters import NULL, Delimiters
from consumers.hl7v2.findings import Findings
from consumers.hl7v2.moment import read_moment
from domain.flags import MessageFlag
from domain.statement import Moment

_LATEST: Final = datetime(2080, 1, 1, tzinfo=UTC)
_EARLIEST: Final = datetime(1850, 1, 1, tzinfo=UTC)
#: HL7 v2 came into use about then, so no message was sent or entered earlier.
_EARLIEST_MESSAGE: Final = datetime(1990, 1, 1, tzinfo=UTC)
#: An offset holds at the time of MSH-7. Some weeks before or after, the clocks may have changed.
_OFFSET_HOLDS: Final = timedelta(days=21)
_SURE: Final = frozenset({"offset", "profile"})  # zones of times that are not doubtful
#: A time with a fraction of a second whose dot is missing.
_WITHOUT_DOT: Final = re.compile(r"(\d{14})\d{1,10}([+-]\d{4})?", re.ASCII)
#: Characters of the longest text that may be a time.
_LONGEST: Final = 40
#: Clocks within a hospital differ by minutes. A time that is ahead of MSH-7 by less than this is
#: not a future time.
_CLOCK_SKEW: Final = timedelta(minutes=5)


class Times:
    """Reads the times (data type DTM) of one message in the time zone of its sender.

    A time without an offset is in the zone of the profile. If the profile has none, it has the
    offset of MSH-7. If MSH-7 has none, it is read as UTC, and the flag ``zone_assumed`` says so.
    """

    def __init__(self, delimiters: Delimiters, zone: ZoneInfo | None, findings: Findings) -> None:
        self._delimiters = delimiters
        self._zone: tzinfo | None = zone
        self._findings = findings
        self._sent: datetime | None = None  # MSH-7, if its offset is that of other times

    def of_msh_7(self, text: str) -> Moment | None:
        """Read MSH-7, whose offset is then that of times without one."""
        sent = self.of_message(text, "MSH-7")
        if sent and sent.zone == "offset" and self._zone is None:
            minutes = int(sent.text[-4:-2]) * 60 + int(sent.text[-2:])
            self._zone = timezone(timedelta(minutes=minutes * (-1 if sent.text[-5] == "-" else 1)))
            self._sent = sent.at
        return sent

    def of_message(self, text: str, field: str) -> Moment | None:
        """Read MSH-7 or EVN-2. These order the statements, so an absurd value counts as missing."""
        moment = self.read(text, field)
        if moment and not _EARLIEST_MESSAGE <= moment.at < _LATEST:
            self._findings.unreadable(field, text, "absurd")
            return None
        return moment

    def of_event(self, text: str, field: str, sent: Moment | None) -> Moment | None:
        """Read when something happened; an absurd or future time is kept and flagged.

        A time is future if it is more than five minutes after ``sent``, which is MSH-7.
        """
        moment = self.read(text, field)
        if moment:
            if not _EARLIEST <= moment.at < _LATEST:
                self._findings.flag(field, "absurd")
            elif sent and moment.at > sent.last + _CLOCK_SKEW:
                self._findings.flag(field, "future")
        return moment

    def read(self, text: str, field: str) -> Moment | None:
        """Read a time; if it cannot be read, flag the field and keep its text to be sealed."""
        if not text:
            return None
        short = len(text) <= _LONGEST
        if (
            short
            and text.isdigit()
            and text.isascii()
            and (moment := read_moment(text, self._zone))
        ):
            if moment.zone not in _SURE:
                self._flag_zone(moment, field)
            return moment
        components = self._delimiters.components(self._delimiters.repetitions(text)[0])
        digits = components[0].strip()
        if digits == NULL:
            self._findings.flag(field, "null")
        if digits in {"", NULL}:
            return None
        moment = self._read(digits, components[1].strip() if len(components) > 1 else "")
        if moment is None and (found := _WITHOUT_DOT.fullmatch(digits)):
            moment = self._read(found[1] + (found[2] or ""))
            if moment:
                self._findings.unreadable(field, text, "extra_digits")
        if moment is None:
            self._findings.unreadable(field, text)
        elif moment.zone not in _SURE:
            self._flag_zone(moment, field)
        return moment

    def _read(self, digits: str, degree: str = "") -> Moment | None:
        return read_moment(digits, self._zone, degree) if len(digits) <= _LONGEST else None

    def _flag_zone(self, moment: Moment, field: str) -> None:
        """Flag a time whose offset is doubtful."""
        match moment.zone:
            case "ambiguous" | "skipped":
                self._findings.flag(field, moment.zone)
            case "assumed":
                self._findings.flag_message(MessageFlag.ZONE_ASSUMED)
            case "message" if self._sent and abs(moment.at - self._sent) > _OFFSET_HOLDS:
                self._findings.flag(field, "offset_doubtful")


def birth_date(text: str) -> str | None:
    """Return a date of birth in ISO format, as precise as it is stated; None if it is not a date.

    A date of birth has no time zone, so a time after the date is ignored, also one whose fraction
    of a second has no dot.

    >>> birth_date("19510602000000+0100"), birth_date("195106"), birth_date("19511301")
    ('1951-06-02', '1951-06', None)
    """
    moment = read_moment(text[:8]) if text[:4].isdigit() and len(text) <= _LONGEST else None
    if moment is None:
        return None
    if text[8:] and read_moment(text) is None and not _WITHOUT_DOT.fullmatch(text):
        return None
    date = moment.at.date().isoformat()
    return date[: {"year": 4, "month": 7}.get(moment.precision, 10)]
