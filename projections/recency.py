"""The order in which patients are listed: the patient whose last entry happened last comes first.

It is a number and not a time, so that it is in an index even if the time is not stated. A page of
the list, or of the patients of a name, then reads as many rows as it shows.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from projections.engine.table import Column

RECENCY: Final = Column(
    "recency",
    "bigint",
    "When its last entry happened, in microseconds since 1970; the least number: not stated; null:"
    " merged into another patient.",
    published=False,
)

#: Of a patient whose last entry has no time: after all others.
NOT_STATED: Final = -(2**63)
#: Above that of every patient.
ABOVE_ALL: Final = 2**63 - 1

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def recency(last_happened_at: datetime | None) -> int:
    """Return the number by which a patient is ordered.

    >>> recency(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)), recency(None) == NOT_STATED
    (1000000, True)
    """
    return NOT_STATED if last_happened_at is None else (last_happened_at - _EPOCH) // _MICROSECOND
