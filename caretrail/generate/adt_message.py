"""An ADT message before it is encoded: its fields, and when it is made and sent."""

from dataclasses import dataclass
from datetime import datetime

from caretrail.generate.hospital import Facility, Spot
from caretrail.generate.people import SyntheticPerson


@dataclass(slots=True, kw_only=True)
class AdtMessage:
    """The fields of one message; a field that is None or empty is left out of the message."""

    trigger: str
    facility: Facility
    person: SyntheticPerson
    version: int  # which version of the person's name and address the sender knows
    record: str  # PID-3
    created: datetime  # MSH-7
    delivered: datetime  # when it is sent; later than ``created`` if it was delayed
    entered: datetime | None = None  # EVN-2
    occurred: datetime | None = None  # EVN-6
    class_code: str = ""
    spot: Spot | None = None  # PV1-3
    prior_spot: Spot | None = None  # PV1-6
    admitted: datetime | None = None  # PV1-44
    discharged: datetime | None = None  # PV1-45
    number: str = ""  # PV1-19
    prior_number: str = ""  # MRG-5
    retired: str = ""  # MRG-1
    account: str = ""  # PID-18
    disposition: str = ""  # PV1-36
    service: str = ""  # PV1-10
    died: datetime | None = None  # PID-29, with PID-30
    enterprise: str = ""  # a further repetition of PID-3
    complaint: int = 0  # index in names.DIAGNOSES
    clinician: int = 0
    mode: str = "P"  # MSH-11
    control: str | None = None  # MSH-10, if it is not the next number of the sender
    sent_text: str | None = None  # MSH-7, if the clock of the sender is wrong
    no_identifier: bool = False  # PID-3 is empty, so that the message goes into quarantine
    copies: tuple[datetime, ...] = ()  # when the same bytes are sent again
