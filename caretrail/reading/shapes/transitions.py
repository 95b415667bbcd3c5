"""The shapes of transitions, and of the work on duties."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from caretrail.reading.shapes.values import (
    Codes,
    Day,
    EntryShape,
    LogPositionShape,
    ModeLetter,
    PartyShape,
    PrecisionWord,
    StreamHead,
    Time,
    Uuid,
)

#: The class of an encounter. Python reserves its name.
_OfClass = TypedDict("_OfClass", {"class": Annotated[str, Field(examples=["IMP"])]})


class StepShape(TypedDict):
    """A step that follows a discharge."""

    step: Annotated[str, Field(examples=["contact"])]
    due_at: Time | None
    due_on: Day | None
    zone: Annotated[str, Field(examples=["America/Chicago"])]
    source: Annotated[str, Field(examples=["NCQA HEDIS TRC"])]
    urgent: bool
    done_at: Time | None
    done_by: str | None
    done_event_id: Uuid | None
    done_encounter_id: Uuid | None
    waived_at: Time | None
    waived_reason: str | None
    late: bool
    attempts: int
    elements_missing: Codes


class TransitionShape(_OfClass):
    """What follows one discharge. The members of a discharge are null if it is withdrawn."""

    encounter_id: Uuid
    record_id: Uuid
    facility: str | None
    state: Annotated[str, Field(examples=["open"])]
    cause: str | None
    settled_at: Time | None
    suspended_by: Uuid | None
    continues: Uuid | None
    kind: Annotated[str | None, Field(examples=["home"])]
    protocol: str | None
    protocol_version: str | None
    discharged_at: Time | None
    discharged_precision: PrecisionWord | None
    disposition: str | None
    disposition_as_sent: str | None
    anchor: Uuid | None
    window_ends_at: Time | None
    responsible: PartyShape | None
    steps: list[StepShape]
    flags: Codes


class ListedTransitionShape(_OfClass):
    """A transition of a list, with what is owed."""

    encounter_id: Uuid
    patient_id: Uuid
    mode: ModeLetter
    facility: str | None
    state: Annotated[str, Field(examples=["open"])]
    cause: str | None
    kind: Annotated[str | None, Field(examples=["home"])]
    protocol: str | None
    discharged_at: Time | None
    discharged_precision: PrecisionWord | None
    responsible: PartyShape
    steps: int
    steps_settled: int
    owed: Codes
    overdue: Codes
    next_due: Time | None
    flags: Codes


class TransitionStreamShape(StreamHead):
    """What people recorded after a discharge, by the statement that they named."""

    state: Annotated[str, Field(examples=["followed"])]
    encounter_id: Uuid | None
    anchor: Uuid | None


class TransitionStreamAnswer(TransitionStreamShape):
    """What people recorded after a discharge, with the entries."""

    entries: list[EntryShape]


class WorkStreamShape(StreamHead):
    """The work on one duty."""

    about: str
    duty: str
    part: str | None
    claimed_by: PartyShape | None
    claimed_until: Time | None
    snoozed_until: Time | None
    snooze_reason: str | None
    assigned_to: PartyShape | None
    encounter_id: Uuid | None


class WorkStreamAnswer(WorkStreamShape):
    """The work on one duty, with its entries."""

    entries: list[EntryShape]


class DutyShape(TypedDict):
    """What is or was owed."""

    kind: Annotated[str, Field(examples=["referral"])]
    about: str
    duty: Annotated[str, Field(examples=["referral.acknowledge.urgent"])]
    part: str | None
    concerns: str | None
    patient_id: Uuid
    record_id: Uuid
    mode: ModeLetter
    encounter_id: Uuid | None
    opened_at: Time
    due_at: Time | None
    due_on: Day | None
    zone: Annotated[str, Field(examples=["America/Chicago"])]
    in_time_until: Time
    done_at: Time | None
    late: Annotated[bool, Field(description="done after its time, or overdue")]
    urgent: bool
    source: str
    rule_version: str
    responsible: PartyShape | None


class WorkItemShape(TypedDict):
    """An item of the work list."""

    item_id: str
    kind: Annotated[str, Field(examples=["referral"])]
    patient_id: Uuid
    record_id: Uuid
    mode: ModeLetter
    about: str
    duty: Annotated[str, Field(examples=["referral.acknowledge.urgent"])]
    part: str | None
    concerns: str | None
    encounter_id: Uuid | None
    opened_at: Time
    due_at: Time | None
    due_on: Day | None
    in_time_until: Time
    overdue: bool
    overdue_by: Annotated[int | None, Field(description="seconds; null: in time")]
    due_today: bool
    urgent: bool
    source: str
    rule_version: str
    responsible: PartyShape | None
    assigned: bool
    claimed_by: PartyShape | None
    claimed_until: Time | None
    snoozed_until: Time | None
    snooze_reason: str | None


class PersonWorkShape(TypedDict):
    """What is owed to one person."""

    patient_id: Uuid
    items: list[WorkItemShape]


class WorkListAnswer(TypedDict):
    """A page of the work list."""

    at: Time
    as_of: Time | None
    known_at: LogPositionShape
    backlog_days: int
    people: list[PersonWorkShape]
    next: Annotated[str | None, Field(description="cursor of the next page; null: the last one")]
