"""A duty with the person to whom it is owed."""

from typing import NamedTuple

from domain.duties import Duty
from domain.ids import Mode, RecordId


class OwedDuty(NamedTuple):
    """A duty with the person to whom it is owed."""

    duty: Duty
    kind: str  # of the stream that it is about, such as "referral" or "transition"
    record: RecordId  # source record of the person
    mode: Mode
