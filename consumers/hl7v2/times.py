"""Read the times of one statement, and flag those that are doubtful."""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from consumers.hl7v2.delimiters import NULL, Delimiters
from consumers.hl7v2.findings import Findings
from consumers.hl7v2.moment import read_moment
from domain.statement import Moment

_LATEST: Final = datetime(2080, 1, 1, tzinfo=UTC)
_EARLIEST: Final = datetime(1850, 1, 1, tzinfo=UTC)
#: HL7 v2 came into use about then, so no message was sent or entered earlier.
_EARLIEST_MESSAGE: Final = datetime(1990, 1, 1, tzinfo=UTC)
#: Characters of the longest text that may be a time.
_LONGEST: Final = 40
#: Clocks within a hospital differ by minutes. A time that is ahead of MSH-7 by less than this is
#: not a future time.
_CLOCK_SKEW: Final = timedelta(minutes=5)


class Times:
    """Reads the times (data type DTM) of one message in the time zone of its sender."""

    def __init__(self, delimiters: Delimiters, zone: ZoneInfo | None, findings: Findings) -> None:
        self._delimiters = delimiters
        self._zone = zone
        self._findings = findings

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
            if moment.zone in {"ambiguous", "skipped"}:
                self._findings.flag(field, moment.zone)
            return moment
        delimiters = self._delimiters
        components = delimiters.components(delimiters.repetitions(text)[0])
        digits = components[0].strip()
        if not digits:
            return None
        if digits == NULL:
            self._findings.flag(field, "null")
            return None
        degree = components[1].strip() if len(components) > 1 else ""
        moment = read_moment(digits, self._zone, degree) if len(digits) <= _LONGEST else None
        if moment is None:
            self._findings.unreadable(field, text)
        elif moment.zone in {"ambiguous", "skipped"}:
            self._findings.flag(field, moment.zone)
        return moment


def birth_date(text: str) -> str | None:
    """Return a date of birth in ISO format, as precise as it is stated; None if it is not a date.

    A date of birth has no time zone, so a time after the date is ignored.

    >>> birth_date("19510602000000+0100"), birth_date("195106"), birth_date("19511301")
    ('1951-06-02', '1951-06', None)
    """
    moment = read_moment(text[:8]) if text[:4].isdigit() and len(text) <= _LONGEST else None
    if moment is None or (text[8:] and read_moment(text) is None):
        return None
    date = moment.at.date().isoformat()
    return date[: {"year": 4, "month": 7}.get(moment.precision, 10)]
