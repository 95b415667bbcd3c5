"""Find the events behind a row, and what caused them: a received message, or a command: ``why``."""

from dataclasses import dataclass
from typing import Any, TypeAlias

from caretrail.bootstrap import Application
from caretrail.reading.members import actor_json, instant
from caretrail.reading.patient import PatientReading
from caretrail.reading.reader import Reader
from domain.body import Actor
from domain.continuity import Encounter
from domain.events import OwnEvent
from domain.ids import EncounterId, MessageId, PatientId, StatementRef, StreamId
from domain.interpretation import happened
from domain.transition.stream import KIND as TRANSITION
from domain.work import ItemId
from infra.messages import MessageArchive, NoSuchMessage
from projections import audit_trail, work_list
from projections.audit_trail import EventRow, happened_precision
from projections.engine.events import FiledOwnEvent, FiledStatement, is_statement

Chain: TypeAlias = dict[str, Any]  # JSON, as docs/reference/json.md lists it


def trace(application: Application, reader: Reader, opaque: str) -> Chain | None:
    """Return the chain behind a patient, encounter, stream, work item, statement, event or message.

    A work item answers with what it is about: the encounter of a transition, or a stream. Return
    None if nothing has this id.
    """
    with MessageArchive(application.url, application.keys) as archive:
        try:
            events = archive.show(opaque).events
        except NoSuchMessage:
            return _of_row(reader, archive, opaque)
        filed = [application.store.one(each.index) for each in events]
        with reader.connection() as connection:
            listed = audit_trail.events_of_message(connection, opaque)
        precisions = {each.source_position: each.happened_precision for each in listed}
        return {
            "id": opaque,
            "kind": "message",
            "patient_id": None,
            "encounter_id": None,
            "stream_id": None,
            "message": _message(archive, MessageId(opaque)),
            "events": [
                {
                    "index": each.envelope.index,
                    "event_id": each.envelope.event_id,
                    "topic": each.envelope.topic,
                    "happened_at": instant(each.envelope.happened_at),
                    "precision": precisions.get(each.envelope.index),
                    "recorded_at": instant(each.envelope.recorded_at),
                    "message": _message(archive, each.envelope.message_id),
                    "actor": None,
                }
                for each in filed
                if each is not None
            ],
        }


@dataclass(frozen=True, slots=True)
class _Row:
    """A row, and the events that it comes from."""

    kind: str
    patient: PatientId | None
    statements: list[FiledStatement]
    own: list[FiledOwnEvent]
    encounter: EncounterId | None = None
    stream: StreamId | None = None


def _of_row(reader: Reader, archive: MessageArchive, opaque: str) -> Chain | None:
    event = reader.event(opaque)
    with reader.connection() as connection:
        item = work_list.item(connection, ItemId(opaque))
    row = _found(reader, item.about if item else opaque, event)
    if row is None:
        if event is None:
            return None
        patient = reader.patient(event.record_id)
        return _of_superseded(archive, event, patient.patient.patient_id) if patient else None
    events = [
        *(_event(archive, each) for each in row.statements),
        *map(_own_event, row.own),
    ]
    return {
        "id": opaque,
        "kind": "work_item" if item else row.kind,
        "patient_id": row.patient,
        "encounter_id": row.encounter,
        "stream_id": row.stream,
        "message": None,
        "events": sorted(events, key=lambda each: int(each["index"])),
    }


def _found(reader: Reader, opaque: str, event: EventRow | None) -> _Row | None:
    """Return the row with an id. None: there is none, or it is an event that no statement keeps."""
    stream = StreamId(opaque)
    own = reader.own_events(stream=stream)
    if own:
        patient = reader.patient(own[0].records[0])
        name = patient.patient.patient_id if patient else None
        return _Row("stream", name, [], own, stream=stream)
    patient = reader.patient(opaque) or (reader.patient(event.record_id) if event else None)
    if patient is None:
        return None
    name = patient.patient.patient_id
    # The ref of any statement of an encounter is an alias of its id, so the encounter is meant.
    ref = patient.former_refs.get(StatementRef(opaque), StatementRef(opaque))
    for encounter in patient.patient.encounters:
        if ref in encounter.statements:
            statements = [patient.filed[each] for each in encounter.statements]
            acted = _acted_after(reader, patient, encounter)
            return _Row("encounter", name, statements, acted, encounter=encounter.encounter_id)
    every = list(patient.filed.values())
    named = [each for each in every if opaque in {each.event_id, each.statement.ref}]
    if named:
        return _Row("event", name, named, [])
    if event is not None and opaque == event.event_id:
        return None
    return _Row("patient", name, every, reader.own_events(records=patient.patient.records))


def _acted_after(
    reader: Reader, patient: PatientReading, encounter: Encounter
) -> list[FiledOwnEvent]:
    """Return what people recorded after the discharge from an encounter."""
    own = reader.own_events(records=patient.patient.records)
    anchors = {
        each.stream: anchor
        for each in own
        if each.topic.startswith(f"{TRANSITION.name}.")
        and isinstance(each.core, OwnEvent)
        and (anchor := each.core.anchor) is not None
    }
    here = {
        stream
        for stream, anchor in anchors.items()
        if patient.former_refs.get(anchor, anchor) in encounter.statements
    }
    return [each for each in own if each.stream in here]


def _of_superseded(archive: MessageArchive, event: EventRow, patient_id: PatientId) -> Chain:
    """Return the chain behind an event that no longer counts, or that withdraws another one."""
    return {
        "id": event.event_id,
        "kind": "event",
        "patient_id": patient_id,
        "encounter_id": None,
        "stream_id": None,
        "message": None,
        "events": [
            {
                "index": event.source_position,
                "event_id": event.event_id,
                "topic": event.topic,
                "happened_at": instant(event.happened_at),
                "precision": event.happened_precision,
                "recorded_at": instant(event.recorded_at),
                "message": _message(archive, event.message_id),
                "actor": _actor(event),
            }
        ],
    }


def _event(archive: MessageArchive, filed: FiledStatement) -> dict[str, Any]:
    happened_at, _ = happened(filed.statement)
    return {
        "index": filed.index,
        "event_id": filed.event_id,
        "topic": filed.topic,
        "happened_at": instant(happened_at),
        "precision": happened_precision(filed.statement, happened_at),
        "recorded_at": instant(filed.recorded_at),
        "message": _message(archive, filed.message_id),
        "actor": None,
    }


def _own_event(filed: FiledOwnEvent) -> dict[str, Any]:
    core = filed.core
    return {
        "index": filed.index,
        "event_id": filed.event_id,
        "topic": filed.topic,
        "happened_at": instant(filed.happened_at),
        "precision": core.happened_at.precision if isinstance(core, OwnEvent) else None,
        "recorded_at": instant(filed.recorded_at),
        "message": None,
        "actor": actor_json(filed.actor),
    }


def _actor(event: EventRow) -> dict[str, Any] | None:
    """Return who gave the command of an own event; None for a statement."""
    if is_statement(event.topic):
        return None
    return actor_json(
        Actor(
            kind=event.actor_kind,
            issuer=event.actor_issuer,
            subject=event.actor_subject,
            role=event.actor_role,
            purpose=event.actor_purpose,
        )
    )


def _message(archive: MessageArchive, message_id: MessageId | None) -> dict[str, Any] | None:
    if message_id is None:
        return None
    message = archive.show(message_id).message
    return {
        "id": message.message_id,
        "control_id": message.control_id,
        "trigger": message.trigger,
        "sender": message.sender,
        "received_at": instant(message.received_at),
    }
