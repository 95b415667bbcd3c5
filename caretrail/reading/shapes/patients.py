"""The shapes of patients, timelines and the census, and of protocols."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from caretrail.reading.shapes.care_plans import CarePlanParts
from caretrail.reading.shapes.medications import MedicationListsShape
from caretrail.reading.shapes.referrals import ReferralProgress
from caretrail.reading.shapes.teams import AttributionStreamShape, CareTeamShape
from caretrail.reading.shapes.transitions import (
    TransitionShape,
    TransitionStreamShape,
    WorkStreamShape,
)
from caretrail.reading.shapes.values import (
    AtInstants,
    Codes,
    EntryShape,
    ModeLetter,
    PrecisionWord,
    Time,
    Uuid,
)


class IdentifierShape(TypedDict):
    """A number of a patient."""

    authority: str
    identifier: str
    type: str | None
    merged: bool


class PatientAnswer(TypedDict):
    """A patient with the numbers."""

    patient_id: Uuid
    mode: ModeLetter
    identifiers: list[IdentifierShape]
    merged_into: Uuid | None


class PlaceShape(TypedDict):
    """The parts of a place. Null: not stated."""

    facility: str | None
    unit: str | None
    room: str | None
    bed: str | None
    building: str | None
    floor: str | None
    description: str | None


#: Members whose names Python reserves.
_OfStay = TypedDict("_OfStay", {"class": str, "from": Time | None})
_OfEncounter = TypedDict("_OfEncounter", {"class": Annotated[str, Field(examples=["IMP"])]})


class LocationShape(PlaceShape, _OfStay):
    """A stay of an encounter in one place."""

    until: Time | None
    cancelled: bool
    event_id: Uuid | None
    flags: Codes
    from_precision: PrecisionWord | None
    until_precision: PrecisionWord | None


class EncounterShape(_OfEncounter):
    """An encounter with its stays."""

    encounter_id: Uuid
    facility: str | None
    visit_number: str | None
    class_as_sent: str | None
    status: Annotated[str, Field(examples=["finished"])]
    started_at: Time | None
    started_inferred: bool
    ended_at: Time | None
    ended_inferred: bool
    planned_for: Time | None
    disposition: str | None
    locations: list[LocationShape]
    cancelled: bool
    flags: Codes
    started_precision: PrecisionWord | None
    ended_precision: PrecisionWord | None
    planned_for_precision: PrecisionWord | None


class SharedNumberShape(TypedDict):
    """A number that another patient has too."""

    authority: str
    identifier: str
    patient_id: Uuid


class ActivitiesShape(TypedDict):
    """The own streams of a patient, by kind."""

    attribution: list[AttributionStreamShape]
    care_plan: list[CarePlanParts]
    care_team: list[CareTeamShape]
    medication_list: list[MedicationListsShape]
    protocol: Annotated[list[str], Field(max_length=0, description="protocols name no patient")]
    referral: list[ReferralProgress]
    transition: list[TransitionStreamShape]
    work: list[WorkStreamShape]


class TimelineAnswer(AtInstants):
    """The timeline of a patient."""

    mode: ModeLetter
    encounters: list[EncounterShape]
    entries: list[EntryShape]
    activities: ActivitiesShape
    transitions: list[TransitionShape]
    flags: Codes
    shared_numbers: list[SharedNumberShape]
    behind: int


class OccupiedPlaceShape(PlaceShape, _OfEncounter):
    """An occupied place."""

    patient_id: Uuid
    encounter_id: Uuid
    since: Time | None
    mode: ModeLetter
    flags: Codes
    since_precision: PrecisionWord | None


class PublicationShape(TypedDict):
    """A protocol that was published."""

    version: str
    name: str
    effective_from: Annotated[Time | None, Field(description="null: from the beginning of time")]
    event_id: Uuid
    published_at: Time
    in_force: bool
    voided_by: Uuid | None


class ProtocolAnswer(PublicationShape):
    """A protocol that was published, with its TOML file."""

    content: str
