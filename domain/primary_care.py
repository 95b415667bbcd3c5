"""The practice in which a patient was last seen in primary care: a proposal, and no attribution.

If no source says to which practice a patient belongs, a person can look here. The protocol names
the practices. A hospital has ambulatory visits too, and these say nothing about primary care.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final, NamedTuple, Protocol

from domain.ids import EncounterId
from domain.statement import EncounterClass

_SEEN: Final[frozenset[EncounterClass]] = frozenset({"AMB", "VR"})  # at the practice, or by video
_NOT_SEEN: Final = frozenset({"planned", "cancelled", "entered-in-error"})


class AmbulatoryVisit(Protocol):
    """What is asked of an encounter."""

    @property
    def encounter_id(self) -> EncounterId:
        """Its id."""

    @property
    def facility(self) -> str:
        """The facility."""

    @property
    def class_code(self) -> EncounterClass:
        """Its class."""

    @property
    def status(self) -> str:
        """Its status, as FHIR has it."""

    @property
    def cancelled(self) -> bool:
        """Whether it was cancelled."""

    @property
    def start(self) -> datetime | None:
        """When it began; None: not known."""


class SeenInPrimaryCare(NamedTuple):
    """The last visit of a patient to a practice in primary care."""

    practice: str
    encounter_id: EncounterId
    at: datetime


def last_seen_in_primary_care(
    encounters: Iterable[AmbulatoryVisit], practices: Collection[str], at: datetime
) -> SeenInPrimaryCare | None:
    """Return the last visit to a practice in primary care; None: there was none.

    Args:
        encounters: All encounters of the patient.
        practices: Codes of the practices, as the protocol in force at the instant names them.
        at: Later visits are left out.
    """
    seen = [
        SeenInPrimaryCare(each.facility, each.encounter_id, each.start)
        for each in encounters
        if each.class_code in _SEEN
        and each.status not in _NOT_SEEN
        and not each.cancelled
        and each.start is not None
        and each.start <= at
        and each.facility in practices
    ]
    return max(seen, key=lambda each: (each.at, each.encounter_id), default=None)
