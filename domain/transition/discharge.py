"""The discharge that a transition follows, and the end of its window."""

from datetime import datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from domain.ids import StatementRef
from domain.precision import date_of, length_of
from domain.rules import Protocol
from domain.statement import Precision

_DAY: Final = timedelta(days=1)


class Discharge(NamedTuple):
    """The discharge that holds."""

    at: datetime
    precision: Precision
    statement: StatementRef

    @property
    def earliest(self) -> datetime:
        """The earliest instant that the stated time covers."""
        return self.at - length_of(self.precision)


def window_end(discharge: Discharge, protocol: Protocol, zone: str) -> datetime:
    """Return the end of the last day of the window: so many days after that of the discharge."""
    day = date_of(discharge.at, discharge.precision, ZoneInfo(zone))
    last = day + timedelta(days=protocol.window_days)
    return datetime.combine(last + _DAY, time.min, ZoneInfo(zone))
