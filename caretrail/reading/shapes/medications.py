"""The shapes of medication lists."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from caretrail.reading.shapes.values import (
    Codes,
    EntryShape,
    PersonShape,
    PrecisionWord,
    StreamHead,
    Time,
    Uuid,
)


class ListShape(TypedDict):
    """One medication list, as one source gave it."""

    list_id: str
    source: str
    listed_at: Time
    listed_precision: PrecisionWord
    by: PersonShape
    items: int
    compared: bool


#: The decisions of a reconciliation, by kind. One of them has a name that Python reserves.
ActionsShape = TypedDict(
    "ActionsShape",
    {"continue": int, "change": int, "stop": int, "new": int, "hold": int, "clarify": int},
)


class ReconciliationShape(TypedDict):
    """One reconciliation."""

    reconciled_at: Time
    reconciled_precision: PrecisionWord
    at_point: str
    by: PersonShape
    role: str
    reported_by: str | None
    compared: Codes
    compared_elsewhere: list[str]
    actions: ActionsShape
    unresolved: int
    given_to: Codes
    written_copy: bool
    language: str | None
    anchor: Uuid | None
    encounter_id: Uuid | None
    flags: Codes


class DiscrepancyShape(TypedDict):
    """One discrepancy between lists."""

    discrepancy_id: str
    kind: str
    items: Codes
    found_at: Time
    found_precision: PrecisionWord
    by: PersonShape
    resolved_at: Time | None
    resolved_precision: PrecisionWord | None
    resolved_how: str | None


class MedicationItemShape(TypedDict):
    """One medicine, opened for people who may see it. Null: not stated."""

    item: Annotated[str, Field(examples=["l1/1"])]
    name: str | None
    code: str | None
    dose: str | None
    route: str | None
    frequency: str | None
    purpose: str | None


class MedicationListsShape(StreamHead):
    """The medication lists of one source record."""

    state: Annotated[str, Field(examples=["reconciled"])]
    lists: list[ListShape]
    reconciliations: list[ReconciliationShape]
    discrepancies: list[DiscrepancyShape]


class MedicationListsAnswer(MedicationListsShape):
    """The medication lists of one source record, with their items and entries."""

    items: list[MedicationItemShape]
    entries: list[EntryShape]
