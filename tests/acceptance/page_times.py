"""Find the times that a page shows, as a reader sees them."""

import re
from datetime import UTC, datetime
from html import unescape

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_MOMENT = rf"\d{{1,2}} (?:{'|'.join(_MONTHS)})(?: \d{{4}},?)? \d\d:\d\d"
#: The times of recording are real: the demo may have been loaded at any time.
_RECORDED = re.compile(rf"(?:[Rr]ecorded|Received) (?:{_MOMENT}|\d\d:\d\d)")
_PLANNED = re.compile(rf", for ({_MOMENT})")
#: The time axis goes on after now.
_AXIS = re.compile(
    r'<text [^>]*class="(?:strong|faint)"[^>]*>[^<]*</text>|<title id="chart-title">[^<]*</title>'
)
_ELEMENT = re.compile(r'<time datetime="([^"]+)"')


def now_of(html: str) -> datetime:
    """Return what the foot of a page calls now: local time of the page, written as if UTC."""
    found = re.search(rf"“now” is ({_MOMENT})", html)
    assert found, "the page does not say which time it takes for now"
    return _read(found[1], year=0)


def times_after(html: str, now: datetime) -> list[str]:
    """Return the times on a page that are later than ``now``.

    Times of recording, planned times and the labels of the time axis are left out. A time without
    a year is in the year of ``now``.
    """
    text = unescape(re.sub(r"<[^>]+>", " ", _AXIS.sub(" ", html)))
    text = re.sub(r"\s+", " ", text).replace(" ,", ",")
    planned = {_read(each, year=now.year) for each in _PLANNED.findall(text)}
    shown = {
        each: _read(each, year=now.year) for each in re.findall(_MOMENT, _RECORDED.sub("", text))
    }
    marked = {
        each: datetime.fromisoformat(each).replace(tzinfo=UTC)
        for each in _ELEMENT.findall(html)
        if "T" in each
    }
    return sorted(each for each, at in (shown | marked).items() if at > now and at not in planned)


def _read(moment: str, *, year: int) -> datetime:
    day, month, *stated, clock = moment.replace(",", "").split()
    hour, minute = clock.split(":")
    return datetime(
        int(stated[0]) if stated else year,
        _MONTHS.index(month) + 1,
        int(day),
        int(hour),
        int(minute),
        tzinfo=UTC,
    )
