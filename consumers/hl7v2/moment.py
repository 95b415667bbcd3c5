"""Read a point in time as a message states it: the data type DTM of HL7 v2.9.1, chapter 2A."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from domain.statement import Moment, Precision, Zone

_DTM: Final = re.compile(r"(\d{4,14})(?:\.(\d{1,9}))?(?:([+-])(\d\d)(\d\d))?", re.ASCII)
_PRECISIONS: Final[dict[int, Precision]] = {
    4: "year", 6: "month", 8: "day", 10: "hour", 12: "minute", 14: "second",
}  # fmt: skip
#: TS.2 of HL7 2.2 to 2.4, the degree of precision: how many of the digits are valid.
_DEGREES: Final = {"Y": 4, "L": 6, "D": 8, "H": 10, "M": 12, "S": 14}
#: Where a zone comes from: a fixed offset is that of MSH-7.
_NAMES: Final[dict[type, Zone]] = {timezone: "message"}
_SECOND: Final = 14
_MINUTES: Final = 60  # of an hour
_FARTHEST: Final = timedelta(hours=14)  # the largest difference from UTC of any time zone
_LEAST: Final = timedelta(microseconds=1)


@lru_cache(maxsize=1_024)
def read_moment(text: str, zone: tzinfo | None = None, degree: str = "") -> Moment | None:
    """Read a time; return None if the text is not a time.

    An offset in ``text`` decides; without one, ``zone`` does; without both, UTC is assumed. When
    clocks change, a local time can occur twice: then the first one is meant. Or it does not exist:
    then the offset before the change is used. ``Moment.zone`` says which case applies.

    Args:
        text: The digits, with or without an offset.
        zone: The time zone of the sender, or a fixed offset: that of MSH-7.
        degree: TS.2 of old versions.

    >>> read_moment("202603011415", ZoneInfo("America/New_York")).at.isoformat()
    '2026-03-01T19:15:00+00:00'
    >>> read_moment("20260301").last.isoformat(), read_moment("2026-03-01")
    ('2026-03-01T23:59:59.999999+00:00', None)
    """
    found = _DTM.fullmatch(text)
    if not found:
        return None
    digits, fraction, sign, hours, minutes = found.groups()
    if len(digits) not in _PRECISIONS or (fraction and len(digits) != _SECOND):
        return None
    offset: tzinfo | None = None
    if sign:
        distance = timedelta(hours=int(hours), minutes=int(minutes))
        if distance > _FARTHEST or int(minutes) >= _MINUTES:
            return None
        offset = timezone(-distance if sign == "-" else distance)
    digits = digits[: _DEGREES.get(degree, _SECOND)]
    precision = _PRECISIONS[len(digits)]
    try:
        local = _local(digits, fraction if precision == "second" else None)
        at, doubt = _instant(local, offset or zone or UTC)
        until = None if precision == "second" else _last(local, at, precision, offset or zone)
    except (ValueError, OverflowError):
        return None
    default: Zone = "assumed" if zone is None else _NAMES.get(type(zone), "profile")
    named: Zone = "offset" if sign else doubt or default
    return Moment(at=at, until=until, precision=precision, zone=named, text=text)


def _local(digits: str, fraction: str | None) -> datetime:
    return datetime(  # noqa: DTZ001  # the local time; the caller adds the zone
        int(digits[:4]),
        int(digits[4:6] or 1),
        int(digits[6:8] or 1),
        int(digits[8:10] or 0),
        int(digits[10:12] or 0),
        int(digits[12:14] or 0),
        int(fraction[:6].ljust(6, "0")) if fraction else 0,
    )


def _instant(local: datetime, zone: tzinfo) -> tuple[datetime, Zone | None]:
    """Return the instant; also "ambiguous" or "skipped" if a change of clocks makes it doubtful."""
    if not isinstance(zone, ZoneInfo):
        return local.replace(tzinfo=zone).astimezone(UTC), None
    theirs = local.replace(tzinfo=zone)
    before, after = theirs.utcoffset(), theirs.replace(fold=1).utcoffset()
    doubt: Zone | None = None
    if before is not None and after is not None and before != after:
        doubt = "ambiguous" if before > after else "skipped"
    return theirs.astimezone(UTC), doubt


def _last(local: datetime, at: datetime, precision: Precision, zone: tzinfo | None) -> datetime:
    """Return the last instant of a coarse time in its zone, where a day has 23 to 25 hours."""
    if precision == "minute":
        return at + timedelta(minutes=1) - _LEAST
    if precision == "hour":
        return at + timedelta(hours=1) - _LEAST
    if precision == "day":
        following = local + timedelta(days=1)
    elif precision == "month":
        following = (local + timedelta(days=31)).replace(day=1)
    else:
        following = local.replace(year=local.year + 1)
    return _instant(following, zone or UTC)[0] - _LEAST
