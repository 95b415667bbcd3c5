"""Keep the instants that people ask for within a calendar that every zone and sum can show."""

from datetime import UTC, datetime
from typing import Final

#: Python's calendar ends at the years 1 and 9999. Local time and sums near these edges fail.
EARLIEST: Final = datetime(1000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)


def asked_instant(at: datetime) -> datetime:
    """Return an instant in UTC. If it is outside of the years 1000 to 9000, return the nearer end.

    Nothing has happened before, and nothing is known after, so the answer is the same.

    >>> asked_instant(datetime.fromisoformat("0001-01-01T00:00:00+14:00")).year
    1000
    >>> asked_instant(datetime.fromisoformat("2026-02-19T14:05:00+01:00")).hour
    13
    """
    if at.year < EARLIEST.year:
        return EARLIEST
    return LATEST if at.year >= LATEST.year else at.astimezone(UTC)
