"""Which kind of transition a discharge gives: the protocol in force lists their steps."""

from datetime import datetime
from typing import Final, Protocol

from domain.ids import EncounterId, RecordId, StatementRef
from domain.rules import Protocol as CareProtocol
from domain.statement import EncounterClass, Precision

#: Kinds that a rule of this module names. A protocol may have more kinds, by their dispositions.
HOME: Final = "home"
HOME_HEALTH: Final = "home_health"
SNF: Final = "snf"
FACILITY: Final = "facility"
ACUTE_TRANSFER: Final = "acute_transfer"
HOSPICE: Final = "hospice"
DIED: Final = "died"
ED_RELEASE: Final = "ed_release"
NEWBORN: Final = "newborn"
FROM_HOME_HEALTH: Final = "from_home_health"
FROM_HOME_HEALTH_TRANSFER: Final = "from_home_health_transfer"
UNKNOWN: Final = "unknown"

#: The patient went to an institution, so an admission there is no readmission.
TO_INSTITUTION: Final = frozenset({SNF, FACILITY, ACUTE_TRANSFER, HOSPICE})

#: Encounters of these classes give a transition when they end. HH: a home health agency.
WITH_TRANSITION: Final[frozenset[EncounterClass]] = frozenset(
    {"IMP", "OBSENC", "EMER", "SS", "NONAC", "HH"}
)
#: Encounters of these classes are a readmission if they follow a discharge.
READMITTED: Final[frozenset[EncounterClass]] = frozenset({"IMP", "OBSENC", "SS", "NONAC"})

#: PV1-4 of a newborn, HL7 table 0007.
_NEWBORN: Final = "N"
#: After these discharges a newborn is at home.
_NEWBORN_AT_HOME: Final = frozenset({HOME, HOME_HEALTH, UNKNOWN})
#: After these discharges the care of an emergency department is over.
_TREATED_AND_RELEASED: Final = frozenset({HOME, UNKNOWN})


class EncounterFacts(Protocol):
    """What is needed of an encounter: members of ``domain.continuity.Encounter``."""

    @property
    def encounter_id(self) -> EncounterId: ...  # noqa: D102  # as there
    @property
    def record(self) -> RecordId: ...  # noqa: D102
    @property
    def facility(self) -> str: ...  # noqa: D102
    @property
    def class_code(self) -> EncounterClass: ...  # noqa: D102
    @property
    def status(self) -> str: ...  # noqa: D102
    @property
    def start(self) -> datetime | None: ...  # noqa: D102
    @property
    def end(self) -> datetime | None: ...  # noqa: D102
    @property
    def end_precision(self) -> Precision: ...  # noqa: D102
    @property
    def cancelled(self) -> bool: ...  # noqa: D102
    @property
    def ended_by(self) -> StatementRef | None: ...  # noqa: D102
    @property
    def statements(self) -> tuple[StatementRef, ...]: ...  # noqa: D102
    @property
    def disposition(self) -> str: ...  # noqa: D102
    @property
    def disposition_code(self) -> str: ...  # noqa: D102
    @property
    def admission_type(self) -> str: ...  # noqa: D102
    @property
    def is_backlog(self) -> bool: ...  # noqa: D102


def kind_of(encounter: EncounterFacts, protocol: CareProtocol) -> str | None:
    """Return the kind of transition that a discharge gives; None: the protocol has no such kind.

    The first of these that applies:

    1. The patient died.
    2. A home health agency discharged the patient: to home, or to an institution.
    3. An emergency department treated and released the patient.
    4. A newborn went home.
    5. The kind that lists the disposition: as sent (PV1-36), else its canonical code.
    6. The kind ``unknown``.

    A kind that the protocol does not have is passed over.
    """
    stated = _by_disposition(encounter, protocol) or UNKNOWN
    if stated == DIED:
        return DIED
    names = [stated, UNKNOWN]
    if _is_newborn(encounter) and stated in _NEWBORN_AT_HOME:
        names.insert(0, NEWBORN)
    if encounter.class_code == "EMER" and stated in _TREATED_AND_RELEASED:
        names.insert(0, ED_RELEASE)
    if encounter.class_code == "HH":
        moved = stated in {SNF, FACILITY, ACUTE_TRANSFER}
        names.insert(0, FROM_HOME_HEALTH_TRANSFER if moved else FROM_HOME_HEALTH)
    return next((name for name in names if name in protocol.kinds), None)


def _is_newborn(encounter: EncounterFacts) -> bool:
    return encounter.admission_type.upper() == _NEWBORN


def _by_disposition(encounter: EncounterFacts, protocol: CareProtocol) -> str | None:
    sent = encounter.disposition.upper().zfill(2) if encounter.disposition else ""
    for name, kind in protocol.kinds.items():
        if sent and sent in kind.dispositions:
            return name
    for name, kind in protocol.kinds.items():
        if encounter.disposition_code in kind.canonical:
            return name
    return None
