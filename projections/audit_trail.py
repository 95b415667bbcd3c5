"""Every event: who said what, when it happened, was stated and was recorded, by which message."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from domain.body import Recorded
from domain.statement import Statement
from projections.engine.decoding import decode_statement
from projections.engine.substrate import is_statement
from projections.engine.table import Column, Row, Table

NAME: Final = "audit_trail"
VERSION: Final = 1

EVENT: Final = Table(
    "audit_trail",
    "One row per event of the log.",
    (
        Column("source_position", "bigint", "Index of the event in the log.", "arrival", True),
        Column("event_id", "text", "Id of the event.", "arrival", True),
        Column("topic", "text", "What it says, with its version.", required=True),
        Column("record_id", "text", "Source record or stream that it stands in.", required=True),
        Column("subject_ids", "text[]", "Everybody it concerns.", required=True),
        Column("statement_ref", "text", "Ref of the statement; null: none, or not readable."),
        Column("mode", "text", "Processing mode, HL7 table 0103; null: not readable."),
        Column("trigger_code", "text", "Trigger event, HL7 table 0003."),
        Column("application", "text", "Sending application, MSH-3."),
        Column("sender", "text", "Sending facility, MSH-4."),
        Column("control_id", "text", "Message control id, MSH-10."),
        Column("facility", "text", "Facility of the event.", required=True),
        Column("happened_at", "timestamptz", "When it happened; null: not stated."),
        Column("stated_at", "timestamptz", "When it was stated, MSH-7; null: not stated."),
        Column("recorded_at", "timestamptz", "When it was recorded.", "arrival", True),
        Column("actor_kind", "text", "Who recorded it: feed, person or system.", "arrival", True),
        Column(
            "actor_issuer", "text", "Who vouches for the actor.", "arrival", True, published=False
        ),
        Column("actor_subject", "text", "The actor.", "arrival", True, published=False),
        Column("actor_role", "text", "Role of the actor.", "arrival", True),
        Column("actor_on_behalf_of", "text", "For whom.", "arrival", True, published=False),
        Column("actor_purpose", "text", "Purpose of use.", "arrival", True),
        Column("message_id", "text", "Message received that caused it.", "arrival"),
        Column("cause", "text", "Event or command that caused it.", "arrival", True),
        Column("correlation", "text", "What belongs together.", "arrival", True),
        Column("mapping_version", "text", "Version of the reading.", required=True),
        Column("profile_version", "text", "Version of the sender's profile.", required=True),
        Column("flags", "text[]", "What reading noticed, as codes.", required=True),
    ),
    key=("source_position",),
    indexes=(("record_id",), ("event_id",), ("message_id",), ("statement_ref",)),
    order=("statement_ref", "topic", "record_id"),
)

TABLES: Final = (EVENT,)


def rows(
    events: Sequence[Recorded], read: Mapping[int, Statement] = MappingProxyType({})
) -> list[Row]:
    """Return the rows of ``events``; ``read``: statements, by index, that are decoded already."""
    return [
        _row(recorded, read.get(recorded.envelope.index) or _statement(recorded))
        for recorded in events
    ]


def _statement(recorded: Recorded) -> Statement | None:
    if not is_statement(recorded.envelope.topic):
        return None
    try:
        return decode_statement(recorded.body)
    except ValueError:  # not readable: the event stands in the trail all the same
        return None


def _row(recorded: Recorded, statement: Statement | None) -> Row:
    envelope = recorded.envelope
    actor = envelope.actor
    sent = None if statement is None else statement.sent
    return (
        envelope.index,
        envelope.event_id,
        envelope.topic,
        envelope.stream,
        envelope.subjects,
        None if statement is None else statement.ref,
        None if statement is None else statement.mode,
        None if statement is None else statement.trigger,
        None if statement is None else statement.application,
        None if statement is None else statement.sender,
        None if statement is None else statement.control_id,
        envelope.facility,
        envelope.happened_at,
        None if sent is None else sent.at,
        envelope.recorded_at,
        actor.kind,
        actor.issuer,
        actor.subject,
        actor.role,
        actor.on_behalf_of,
        actor.purpose,
        envelope.message_id,
        envelope.cause,
        envelope.correlation,
        envelope.mapping_version,
        envelope.profile_version,
        () if statement is None else statement.flags,
    )
