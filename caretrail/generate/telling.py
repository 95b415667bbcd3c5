"""One message before it is text: what stands in its fields, and when it is made and sent."""

from dataclasses import dataclass
from datetime import datetime

from caretrail.generate.hospital import Facility, Spot


@dataclass(slots=True, kw_only=True)
class Telling:
    """What one message says. None or an empty text: the field is not filled."""

    trigger: str
    facility: Facility
    person: "Person"
    version: int  # of what the sender knows of the person: name, address
    record: str  # PID-3
    created: datetime  # MSH-7
    delivered: datetime  # when it leaves; later than created where it had to wait
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
    enterprise: str = ""  # a further repetition of PID-3
    complaint: int = 0  # index in names.DIAGNOSES
    clinician: int = 0
    mode: str = "P"  # MSH-11
    control: str | None = None  # MSH-10, where it is not simply the next
    sent_text: str | None = None  # MSH-7, where its clock is wrong
    no_identifier: bool = False  # PID-3 is empty: somebody has to mend it
    copies: tuple[datetime, ...] = ()  # when the same bytes are sent once more


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A human being nobody is: names are from the lists."""

    key: int
    family: str
    given: str
    middle: str
    sex: str  # PID-8
    birth_date: str  # YYYYMMDD
    town: int
    street: int
    house: int
    enterprise: str  # the region's number, empty for those who have none
    payer: int
    allergy: int | None
    kin: str  # a given name of the list
    married: str = ""  # the family name from version 2 on

    @property
    def name(self) -> str:
        """Family, given M."""
        middle = f" {self.middle}" if self.middle else ""
        return f"{self.family}, {self.given}{middle}"
