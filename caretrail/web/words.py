"""Write times, lengths, classes and places as the pages show them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

from caretrail.reading.places import parts_of
from caretrail.reading.wording import CLASSES
from domain.journey import EncounterSpan, Gap
from domain.precision import coarser, inside, is_date
from domain.statement import EncounterClass, Place, Precision

#: Class of an encounter -> its words.
CLASS_WORDS: Final[Mapping[EncounterClass, str]] = {
    code: words or "class not stated" for code, words in CLASSES.items()
}

SEX_WORDS: Final[Mapping[str, str]] = {
    "F": "female", "M": "male", "O": "other", "A": "ambiguous", "N": "not applicable",
}  # fmt: skip

_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
#: (may be shorter, may be longer) -> the words before the length of a gap.
_DOUBTS: Final[Mapping[tuple[bool, bool], str]] = {
    (False, False): "", (True, False): "up to ", (False, True): "at least ", (True, True): "about ",
}  # fmt: skip
_HOUR: Final = 3600
_HOURS_SAID_AS_DAYS: Final = 48
_PRECISION_MONTH, _PRECISION_DAY = 7, 10
#: Precision without a day -> the characters of an ISO date that are stated.
_ISO_LENGTHS: Final[Mapping[Precision, int]] = {"year": 4, "month": 7}


@dataclass(frozen=True, slots=True)
class Words:
    """The time zone of the pages and the names of facilities, which every text needs."""

    zone: tzinfo = UTC
    zone_name: str = "UTC"
    facilities: Mapping[str, str] = field(default_factory=dict)  # code -> name
    footers: tuple[str, ...] = ()  # further sentences at the foot of every page

    def local(self, at: datetime) -> datetime:
        """Return the instant as local time of the page.

        On the first and the last day of the calendar, local time may not exist: it stays as it is.
        """
        try:
            return at.astimezone(self.zone)
        except OverflowError:
            return at

    def facility(self, code: str) -> str:
        """Return the name of a facility, or its code if no name is configured."""
        return self.facilities.get(code) or code or "facility not stated"

    def stated(self, at: datetime, precision: Precision) -> datetime:
        """Return a local time that is on the stated date and in the stated hour."""
        return self.local(inside(at, precision))

    def day(self, at: datetime, precision: Precision = "second", *, year: bool = False) -> str:
        """Return ``19 Feb`` or ``19 Feb 2026``; ``Feb 2026`` or ``2026`` if no day is stated."""
        local = self.stated(at, precision)
        if precision == "year":
            return str(local.year)
        if precision == "month":
            return f"{month(local.month)} {local.year}"
        return date_words(local.date(), year=year)

    def time(self, at: datetime, precision: Precision = "second") -> str:
        """Return ``14:05``; ``14:--`` if no minute is stated, and nothing if no hour is stated."""
        if is_date(precision):
            return ""
        local = self.stated(at, precision)
        return f"{local:%H}:--" if precision == "hour" else f"{local:%H:%M}"

    def moment(self, at: datetime, precision: Precision = "second", *, year: bool = False) -> str:
        """Return ``19 Feb 14:05`` or ``19 Feb 2026, 14:05``, as far as it is stated."""
        day, time = self.day(at, precision, year=year), self.time(at, precision)
        return f"{day}{',' if year else ''} {time}" if time else day

    def near(self, at: datetime, now: datetime, precision: Precision = "second") -> str:
        """Return the time alone if ``at`` is on the day of ``now``; the year only if it differs."""
        then, today = self.stated(at, precision), self.local(now)
        if then.date() == today.date() and not is_date(precision):
            return self.time(at, precision)
        return self.moment(at, precision, year=then.year != today.year)

    def dated(self, at: datetime, other: datetime, precision: Precision = "second") -> str:
        """Return ``19 Feb 14:05``, with the year if it differs from that of ``other``."""
        differs = self.stated(at, precision).year != self.local(other).year
        return self.moment(at, precision, year=differs)

    def weekday(self, at: datetime, precision: Precision = "second", *, year: bool = False) -> str:
        """Return ``Thu 19 Feb``; ``Feb 2026`` or ``2026`` if no day is stated."""
        day = self.day(at, precision, year=year)
        if precision in ("month", "year"):
            return day
        return f"{_DAYS[self.stated(at, precision).weekday()]} {day}"

    def date_machine(self, at: datetime, precision: Precision = "second") -> str:
        """Return the date of a time for a ``datetime`` attribute, as far as it is stated."""
        date_of_it = self.stated(at, precision).date().isoformat()
        return date_of_it[: _ISO_LENGTHS.get(precision, _PRECISION_DAY)]

    def machine(self, at: datetime, precision: Precision = "second") -> str:
        """Return the value of a ``datetime`` attribute: ISO 8601, as far as it is stated.

        A time without minutes has the minute 0, because the attribute has no hour alone.
        """
        if is_date(precision):
            return self.date_machine(at, precision)
        if precision == "hour":
            at = self.stated(at, precision).replace(minute=0)
        return self.local(at).isoformat(timespec="minutes")

    def length(
        self,
        begin: datetime,
        end: datetime,
        begin_precision: Precision = "second",
        end_precision: Precision = "second",
    ) -> str:
        """Return ``45 min``, ``37 h`` or ``4 d 12 h``; in whole days if one time is a date alone.

        Then it is the difference of the dates, or ``same day``. With a month or a year alone, it is
        the difference of the months or years.
        """
        coarse = coarser(begin_precision, end_precision)
        if not is_date(coarse):
            span = end - begin
            return "under 1 h" if coarse == "hour" and span < timedelta(hours=1) else length(span)
        first = self.stated(begin, begin_precision).date()
        last = self.stated(end, end_precision).date()
        if coarse == "day":
            count = (last - first).days
            return f"{count} d" if count > 0 else "same day"
        count = last.year - first.year
        if coarse == "month":
            count = 12 * count + last.month - first.month
        return plural(count, coarse) if count > 0 else f"same {coarse}"

    def footer(self, at: datetime) -> str:
        """Return the sentence that names the time zone, with both offsets if the clocks change."""
        year = self.local(at).year
        offsets = {
            datetime(year, when, 1, tzinfo=self.zone).utcoffset() or timedelta() for when in (1, 7)
        }
        if offsets == {timedelta()}:
            return f"Times are {self.zone_name}."
        said = _offset(min(offsets))
        if len(offsets) > 1:
            said += f", in daylight saving time {_offset(max(offsets))}"
        return f"Times are facility local, {self.zone_name} ({said})."


def _offset(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    sign = "−" if minutes < 0 else "+"  # noqa: RUF001  # a minus sign, for print
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{sign}{hours}{f':{rest:02d}' if rest else ''}" if minutes else "UTC"


def date_words(day: date, *, year: bool = True) -> str:
    """Return ``2 Jun 1951``, or without the year."""
    said = f"{day.day} {_MONTHS[day.month - 1]}"
    return f"{said} {day.year}" if year else said


def month(number: int) -> str:
    """Return ``Feb`` for 2."""
    return _MONTHS[number - 1]


def length(span: timedelta) -> str:
    """Return ``45 min``, ``37 h`` or ``4 d 12 h``, rounded down; hours are used up to two days."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < _HOUR:
        return f"{seconds // 60} min"
    hours = seconds // _HOUR
    if hours < _HOURS_SAID_AS_DAYS:
        return f"{hours} h"
    days, rest = divmod(hours, 24)
    return f"{days} d {rest} h" if rest else f"{days} d"


def span_length(span: EncounterSpan, until: datetime, words: Words) -> str:
    """Return how long an encounter lasted until its end, or until an instant if it is open."""
    precision = span.end_precision if span.end else "second"
    return words.length(span.begin, until, span.begin_precision, precision)


def birth_date(iso: str) -> str:
    """Return a birth date in the precision sent; text that is not a date stays as it is."""
    try:
        if len(iso) == _PRECISION_DAY:
            return date_words(date.fromisoformat(iso))
        if len(iso) == _PRECISION_MONTH:
            return f"{month(int(iso[5:7]))} {int(iso[:4])}"
    except (ValueError, IndexError):
        pass
    return iso


def age(iso: str, on: date) -> int | None:
    """Return completed years, or None if the birth date is not a whole date before ``on``."""
    if len(iso) != _PRECISION_DAY:
        return None
    try:
        born = date.fromisoformat(iso)
    except ValueError:
        return None
    years = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    return years if years >= 0 else None


def place_label(place: Place | None) -> str:
    """Return the stated parts of a place as ``4W-10``, or an empty string."""
    return parts_of(place, None).label() if place else ""


def gap_words(gap: Gap) -> str:
    """Return ``9 days at home``, with ``up to``, ``at least`` or ``about`` if it is not certain."""
    long = plural(gap.days, "day") if gap.days else length(gap.until - gap.start)
    doubt = _DOUBTS[gap.may_be_shorter, gap.may_be_longer]
    return f"{doubt}{long} at home" if gap.at_home else f"{doubt}{long}, not stated where"


def plural(count: int, one: str, many: str = "") -> str:
    """Return ``1 visit`` or ``1,204 visits``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
