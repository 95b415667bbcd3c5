"""All events of the log: what they state, who recorded them and when, and from which message."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from psycopg import Connection
from psycopg.rows import class_row

from domain.body import RecordedEvent
from domain.ids import EventId, MessageId, Mode, RecordId, StatementRef
from domain.interpretation.times import moment_of
from domain.statement import Precision, Statement
from domain.triggers import trigger_of
from projections.engine.events import is_statement
from projections.engine.projection import ByEvent, Projection
from projections.engine.table import Column, Row, Table
from projections.engine.views import TableView

EVENT: Final = Table(
    "audit_trail",
    "One row per event of the log.",
    (
        Column("source_position", "bigint", "Index of the event in the log.", "arrival", True),
        Column("event_id", "text", "Id of the event.", "arrival", True),
        Column("topic", "text", "What it states, with the version of its shape.", required=True),
        Column("record_id", "text", "Its stream: of a statement the source record.", required=True),
        Column(
            "subject_ids",
            "text[]",
            "Its stream, and the source records that it names.",
            required=True,
        ),
        Column(
            "statement_ref", "text", "Ref of the statement; null: no statement, or not readable."
        ),
        Column(
            "mode", "text", "Processing mode, HL7 table 0103; null: no statement, or not readable."
        ),
        Column("trigger_code", "text", "Trigger event, HL7 table 0003; null: as above."),
        Column("application", "text", "Sending application, MSH-3; null: as above."),
        Column("sender", "text", "Sending facility, MSH-4; null: as above."),
        Column("control_id", "text", "Message control id, MSH-10; null: as above."),
        Column("facility", "text", "Facility of the event.", required=True),
        Column("happened_at", "timestamptz", "When it happened; null: not stated."),
        Column(
            "happened_precision",
            "text",
            "How precisely that is stated: year, month, day, hour, minute or second; null: not"
            " stated, or not readable.",
        ),
        Column("stated_at", "timestamptz", "When it was stated, MSH-7; null: not stated."),
        Column("stated_precision", "text", "How precisely MSH-7 states it; null: as above."),
        Column("recorded_at", "timestamptz", "When it was recorded.", "arrival", True),
        Column("actor_kind", "text", "Kind of the actor: feed, person or system.", "arrival", True),
        Column(
            "actor_issuer",
            "text",
            "Issuer of the actor's identity.",
            "arrival",
            True,
            published=False,
        ),
        Column("actor_subject", "text", "The actor.", "arrival", True, published=False),
        Column("actor_role", "text", "Role of the actor.", "arrival", True),
        Column(
            "actor_on_behalf_of",
            "text",
            "The person for whom the actor acted.",
            "arrival",
            True,
            published=False,
        ),
        Column("actor_purpose", "text", "Purpose of use.", "arrival", True),
        Column("message_id", "text", "Message received that caused it; null: none.", "arrival"),
        Column("cause", "text", "Event or command that caused it; empty: none.", "arrival", True),
        Column(
            "correlation",
            "text",
            "Correlation id: the same for events that belong together.",
            "arrival",
            True,
        ),
        Column("mapping_version", "text", "Version of the reading of HL7 v2.", required=True),
        Column("profile_version", "text", "Version of the sender's profile.", required=True),
        Column(
            "flags", "text[]", "What the reading of the message noticed, as codes.", required=True
        ),
    ),
    key=("source_position",),
    indexes=(
        ("record_id", "source_position"),
        ("event_id",),
        ("message_id",),
        ("statement_ref",),
        ("recorded_at", "source_position"),
    ),
    lists=("subject_ids",),
    order=("statement_ref", "topic", "record_id"),
)


def rows(
    events: Sequence[RecordedEvent], statements: Mapping[int, Statement]
) -> dict[str, list[Row]]:
    """Return one row per event. An event that is no readable statement has fewer columns."""
    return {EVENT.name: [_row(each, statements.get(each.envelope.index)) for each in events]}


class _OwnTime(msgspec.Struct):
    precision: Precision = "second"


class _OwnCore(msgspec.Struct):
    happened_at: _OwnTime
    mode: Mode = "P"


class _OwnBody(msgspec.Struct):
    core: _OwnCore


_own_body: Final = msgspec.json.Decoder(_OwnBody)


def _own_core(recorded: RecordedEvent) -> _OwnCore | None:
    """Return the core of an own event; None if it is a statement or cannot be read."""
    if is_statement(recorded.envelope.topic):
        return None
    try:
        return _own_body.decode(recorded.body).core
    except msgspec.MsgspecError:
        return None


def happened_precision(statement: Statement, happened_at: datetime | None) -> Precision | None:
    """Return how precisely the happened-at of a statement is stated; None: it is not stated.

    An earlier release may have read happened-at from another field than this one would. So the
    field that states this instant counts.
    """
    if happened_at is None:
        return None
    moment, _ = moment_of(statement, trigger_of(statement.trigger))
    if moment is None or happened_at not in (moment.at, moment.last):
        others = (
            statement.admitted,
            statement.discharged,
            statement.occurred,
            statement.entered,
            statement.sent,
        )
        same = (each for each in others if each and happened_at in (each.at, each.last))
        moment = next(same, None)
    return "second" if moment is None else moment.precision


def _row(recorded: RecordedEvent, statement: Statement | None) -> Row:
    envelope = recorded.envelope
    actor = envelope.actor
    sent = None if statement is None else statement.sent
    own = _own_core(recorded) if statement is None else None
    if statement is not None:
        precision = happened_precision(statement, envelope.happened_at)
    else:
        precision = None if own is None else own.happened_at.precision
    return (
        envelope.index,
        envelope.event_id,
        envelope.topic,
        envelope.stream,
        envelope.subjects,
        None if statement is None else statement.ref,
        (None if own is None else own.mode) if statement is None else statement.mode,
        None if statement is None else statement.trigger,
        None if statement is None else statement.application,
        None if statement is None else statement.sender,
        None if statement is None else statement.control_id,
        envelope.facility,
        envelope.happened_at,
        precision,
        None if sent is None else sent.at,
        None if sent is None else sent.precision,
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


PROJECTION: Final = Projection(
    name="audit_trail",
    version=3,
    tables=(EVENT,),
    fold=ByEvent(rows=rows),
    views=(
        TableView(
            "audit_trail",
            EVENT,
            "mode is distinct from 'T' and mode is distinct from 'D'",
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPosition:
    """An event of the log: its index, and when it was recorded."""

    index: int
    recorded_at: datetime | None  # None: the log is empty


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One row of ``proj.audit_trail``."""

    source_position: int
    event_id: EventId
    topic: str
    record_id: RecordId
    subject_ids: list[RecordId]
    statement_ref: StatementRef | None
    mode: str | None
    trigger_code: str | None
    application: str | None
    sender: str | None
    control_id: str | None
    facility: str
    happened_at: datetime | None
    happened_precision: Precision | None
    stated_at: datetime | None
    stated_precision: Precision | None
    recorded_at: datetime
    actor_kind: Literal["system", "feed", "person"]
    actor_issuer: str
    actor_subject: str
    actor_role: str
    actor_purpose: str
    message_id: MessageId | None
    mapping_version: str
    profile_version: str
    flags: list[str]


_EVENT: Final = """
    select source_position, event_id, topic, record_id, subject_ids, statement_ref, mode,
        trigger_code, application, sender, control_id, facility, happened_at,
        happened_precision, stated_at, stated_precision, recorded_at, actor_kind, actor_issuer,
        actor_subject, actor_role, actor_purpose, message_id, mapping_version,
        profile_version, flags
    from proj.audit_trail
"""
#: The events that name a record. Their stream is the first of their subjects, which has an index of
#: its own.
_NAMED: Final = """
    with named as materialized (
        select source_position from proj.audit_trail
        where record_id = any(%(records)s) and source_position > %(after)s
        union
        select source_position from proj.audit_trail
        where cardinality(subject_ids) > 1 and subject_ids && %(records)s
            and source_position > %(after)s
        order by source_position limit %(limit)s
    )
"""


def latest(connection: Connection[Any]) -> LogPosition:
    """Return the last event that was projected."""
    row = connection.execute(
        "select source_position, recorded_at from proj.audit_trail"
        " order by source_position desc limit 1"
    ).fetchone()
    return (
        LogPosition(index=row[0], recorded_at=row[1])
        if row
        else LogPosition(index=0, recorded_at=None)
    )


def ids(connection: Connection[Any], indexes: Collection[int]) -> dict[int, EventId]:
    """Return the ids of the events at these indexes, by index."""
    found = connection.execute(
        "select source_position, event_id from proj.audit_trail where source_position = any(%s)",
        (list(indexes),),
    ).fetchall()
    return dict(found)


def known_at(connection: Connection[Any], at: int | datetime) -> LogPosition:
    """Return the last event recorded up to an index or an instant; index 0 if there is none."""
    # Each in a query of its own, so that an index is read from the position on, not from the end.
    # An event was never recorded before one with a lower index.
    query = (
        "select source_position, recorded_at from proj.audit_trail where source_position <= %s"
        " order by source_position desc limit 1"
        if isinstance(at, int)
        else "select source_position, recorded_at from proj.audit_trail where recorded_at <= %s"
        " order by recorded_at desc, source_position desc limit 1"
    )
    row = connection.execute(query, (at,)).fetchone()
    return (
        LogPosition(index=row[0], recorded_at=row[1])
        if row
        else LogPosition(index=0, recorded_at=None)
    )


def event(connection: Connection[Any], opaque: str) -> EventRow | None:
    """Return the event with this id, or the first event of the statement with this ref."""
    with connection.cursor(row_factory=class_row(EventRow)) as cursor:
        return cursor.execute(
            _EVENT
            + " where event_id = %(id)s or statement_ref = %(id)s order by source_position limit 1",
            {"id": opaque},
        ).fetchone()


def events_of_message(connection: Connection[Any], message_id: str) -> list[EventRow]:
    """Return the events that a received message caused."""
    with connection.cursor(row_factory=class_row(EventRow)) as cursor:
        return cursor.execute(
            _EVENT + " where message_id = %s order by source_position", (message_id,)
        ).fetchall()


def trail(
    connection: Connection[Any], *, records: Sequence[RecordId] | None, after: int, limit: int
) -> list[EventRow]:
    """Return events after an index, in order: those that name one of ``records``, or all."""
    given: dict[str, object] = {"after": after, "limit": limit}
    if records is None:
        query = (
            _EVENT + " where source_position > %(after)s order by source_position limit %(limit)s"
        )
    else:
        query = _NAMED + _EVENT + " natural join named order by source_position"
        given["records"] = list(records)
    with connection.cursor(row_factory=class_row(EventRow)) as cursor:
        return cursor.execute(query, given).fetchall()
