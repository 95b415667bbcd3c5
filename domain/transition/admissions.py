"""The admissions after a discharge: where the patient arrived, and the readmissions."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime

from domain.journey import TRANSFER_WITHIN
from domain.transition.discharge import Discharge
from domain.transition.elsewhere import ADMISSION, StepDone
from domain.transition.kinds import READMITTED, EncounterFacts


def admissions_after(
    source: EncounterFacts,
    stays: Sequence[EncounterFacts],
    discharge: Discharge,
    *,
    until: datetime,
    moved: bool,
) -> tuple[StepDone | None, list[EncounterFacts]]:
    """Return where the patient arrived, and the readmissions, by start.

    A stay that began at most 24 hours before the discharge and goes on is one of them: the
    discharge from an emergency department is often recorded after the admission to the ward. A
    stay at the same facility that began before the encounter itself is none: its end was not told.

    Args:
        source: The encounter that ended.
        stays: The encounters of the patient that may be a readmission, by start.
        discharge: Its discharge.
        until: The end of the window.
        moved: The patient was to go to an institution. An admission to another facility is then no
            readmission if it follows within 24 hours, or is a stay of class NONAC.
    """
    arrival: StepDone | None = None
    readmissions = list[EncounterFacts]()
    first = bisect_right(stays, discharge.at - TRANSFER_WITHIN, key=start_of)
    for each in stays[first : bisect_left(stays, until, key=start_of)]:
        if each is source or (each.end is not None and each.end <= discharge.at):
            continue
        begun = start_of(each)
        if each.facility == source.facility and source.start is not None and begun < source.start:
            continue
        if (
            moved
            and arrival is None
            and each.facility != source.facility
            and (each.class_code == "NONAC" or begun - discharge.at < TRANSFER_WITHIN)
        ):
            arrival = StepDone(begun, ADMISSION, encounter=each.encounter_id)
        else:
            readmissions.append(each)
    return arrival, readmissions


def may_be_readmission(encounter: EncounterFacts) -> bool:
    """Tell whether an encounter counts as a readmission if it follows a discharge.

    An emergency visit that ends in the department does not, and neither does a planned stay.
    """
    return (
        encounter.class_code in READMITTED
        and not encounter.cancelled
        and encounter.status != "planned"
        and encounter.start is not None
    )


def start_of(encounter: EncounterFacts) -> datetime:
    """Return when an encounter that may be a readmission began."""
    assert encounter.start is not None  # noqa: S101  # see may_be_readmission
    return encounter.start
