"""The shapes of care teams, attributions, and who is responsible."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from caretrail.reading.shapes.values import (
    AtInstants,
    Codes,
    EntryShape,
    PrecisionWord,
    StreamHead,
    Time,
    Uuid,
)


class MemberShape(TypedDict):
    """A member of a care team in one role."""

    member: str
    kind: str
    role: str
    organisation: str | None
    since: Time
    since_precision: PrecisionWord
    until: Time | None
    until_precision: PrecisionWord | None
    left_reason: str | None
    reported_by: str | None


class NamedMemberShape(MemberShape):
    """A member with what is sealed. Null: not stated, or not shown to the caller."""

    name: str | None
    telephone: str | None


class CoordinatorShape(TypedDict):
    """A period in which a member coordinates a scope."""

    scope: Annotated[str, Field(examples=["all"])]
    programme: str | None
    member: str
    since: Time
    since_precision: PrecisionWord
    until: Time | None
    until_precision: PrecisionWord | None
    reported_by: str | None
    flags: Codes


class HandoverShape(TypedDict):
    """A handover from one member to another."""

    scope: Annotated[str, Field(examples=["all"])]
    programme: str | None
    from_member: str
    to_member: str
    state: Annotated[str, Field(examples=["open"])]
    offered_at: Time
    offered_precision: PrecisionWord
    ended_at: Time | None
    ended_precision: PrecisionWord | None
    refused_reason: str | None
    reported_by: str | None


class StatedIdentifierShape(TypedDict):
    """A number of a practitioner, as a message states it."""

    identifier: str
    authority: str | None
    type: str | None


class StatedMemberShape(TypedDict):
    """A practitioner in a role, as the hospital states it."""

    encounter_id: Uuid | None
    facility: str | None
    role: str | None
    role_code: str
    practitioner_ref: str
    name: str | None
    identifiers: list[StatedIdentifierShape]
    since: Time | None
    since_precision: PrecisionWord | None
    until: Time | None
    until_precision: PrecisionWord | None
    stated_in: str
    statement_ref: Uuid
    ended_by_ref: Uuid | None


class CareTeamAnswer(AtInstants):
    """The care team of a patient, with what ended before."""

    members: list[NamedMemberShape]
    coordinators: list[CoordinatorShape]
    handovers: list[HandoverShape]
    stated_by_hospital: list[StatedMemberShape]


class CareTeamShape(StreamHead):
    """The care team of one source record."""

    state: Annotated[str, Field(examples=["active"])]
    members: list[MemberShape]
    coordinators: list[CoordinatorShape]
    handovers: list[HandoverShape]


class CareTeamStreamAnswer(CareTeamShape):
    """The care team of one source record, with its entries."""

    entries: list[EntryShape]


class AttributionShape(TypedDict):
    """What a patient is attributed to in a period."""

    record_id: Uuid
    target_kind: str
    target: str
    source: str
    roster: str | None
    roster_row: int | None
    own_wish: bool
    precedence: int
    since: Time
    since_precision: PrecisionWord
    until: Time | None
    until_precision: PrecisionWord | None
    ended_reason: str | None
    told_at: Time
    flags: Codes


class ProposedAttributionShape(TypedDict):
    """A practice to which a person may attribute the patient."""

    target_kind: str
    target: str
    reason: Annotated[str, Field(examples=["last_seen_in_primary_care"])]
    encounter_id: Uuid
    seen_at: Time


class AttributionsAnswer(AtInstants):
    """The attributions of a patient, and those in force, by precedence."""

    in_force: list[AttributionShape]
    attributions: list[AttributionShape]
    proposed: ProposedAttributionShape | None
    flags: Codes


class AttributionStreamShape(StreamHead):
    """The attributions of one source record."""

    state: Annotated[str, Field(examples=["attributed"])]
    attributions: list[AttributionShape]


class AttributionStreamAnswer(AttributionStreamShape):
    """The attributions of one source record, with their entries."""

    entries: list[EntryShape]


class ResponsibleAnswer(AtInstants):
    """Who is responsible for a scope, and who is told."""

    scope: Annotated[str, Field(examples=["all"])]
    programme: str | None
    coordinator: CoordinatorShape | None
    member: NamedMemberShape | None
    open_handover: HandoverShape | None
    attributions: list[AttributionShape]
    proposed: ProposedAttributionShape | None
    stated_by_hospital: list[StatedMemberShape]
    flags: Codes
