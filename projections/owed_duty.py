"""A duty and the person who has a right to it."""

from typing import NamedTuple

from domain.duties import Duty
from domain.ids import Mode, RecordId


class OwedDuty(NamedTuple):
    """A duty and the person who has a right to it."""

    duty: Duty
    kind: str  # of the stream that it is about, such as "referral" or "transition"
    record: RecordId  # source record of the person
    mode: Mode
    concerns: str = ""  # code of what it is about, such as a service; empty: not stated, or sealed
