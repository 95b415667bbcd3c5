"""Write times, lengths, classes and places as the pages show them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

from caretrail.reading.places import parts_of
from caretrail.reading.wording import CLASSES
from domain.journey import Gap
from domain.statement import EncounterClass, Place

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
_HOUR: Final = 3600
_HOURS_SAID_AS_DAYS: Final = 48
_PRECISION_YEAR, _PRECISION_MONTH, _PRECISION_DAY = 4, 7, 10


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

    def day(self, at: datetime, *, year: bool = False) -> str:
        """Return ``19 Feb`` or ``19 Feb 2026``."""
        return date_words(self.local(at).date(), year=year)

    def time(self, at: datetime) -> str:
        """Return ``14:05``."""
        return f"{self.local(at):%H:%M}"

    def moment(self, at: datetime, *, year: bool = False) -> str:
        """Return ``19 Feb 14:05`` or ``19 Feb 2026, 14:05``."""
        return f"{self.day(at, year=year)}{',' if year else ''} {self.time(at)}"

    def near(self, at: datetime, now: datetime) -> str:
        """Return the time alone if ``at`` is on the day of ``now``; the year only if it differs."""
        then, today = self.local(at), self.local(now)
        if then.date() == today.date():
            return self.time(at)
        return self.moment(at, year=then.year != today.year)

    def dated(self, at: datetime, other: datetime) -> str:
        """Return ``19 Feb 14:05``, with the year if it differs from that of ``other``."""
        return self.moment(at, year=self.local(at).year != self.local(other).year)

    def weekday(self, at: datetime, *, year: bool = False) -> str:
        """Return ``Thu 19 Feb``."""
        return f"{_DAYS[self.local(at).weekday()]} {self.day(at, year=year)}"

    def machine(self, at: datetime) -> str:
        """Return the value of a ``datetime`` attribute: ISO 8601 with the offset."""
        return self.local(at).isoformat(timespec="minutes")

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
    """Return ``9 days at home``; ``up to`` is added if the next beginning is not known."""
    long = plural(gap.days, "day") if gap.days else length(gap.until - gap.start)
    at_most = f"up to {long}" if gap.may_be_shorter else long
    return f"{at_most} at home" if gap.at_home else f"{at_most}, not stated where"


def plural(count: int, one: str, many: str = "") -> str:
    """Return ``1 visit`` or ``1,204 visits``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
