"""Find the events behind a row, and the received messages behind the events: ``why``."""

from typing import Any, TypeAlias

from caretrail.bootstrap import Application
from caretrail.reading import Reader
from caretrail.reading.members import actor_json, instant
from domain.body import Actor
from domain.ids import MessageId, PatientId, StatementRef
from domain.interpretation import happened
from infra.messages import MessageArchive, NoSuchMessage
from projections import audit_trail
from projections.audit_trail import EventRow, happened_precision
from projections.engine.events import FiledStatement, is_statement

Chain: TypeAlias = dict[str, Any]  # JSON, as docs/reference/json.md lists it


def trace(application: Application, reader: Reader, opaque: str) -> Chain | None:
    """Return the chain behind a patient, encounter, statement, event or message id.

    Return None if nothing has this id.
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


def _of_row(reader: Reader, archive: MessageArchive, opaque: str) -> Chain | None:
    event = reader.event(opaque)
    patient = reader.patient(opaque) or (reader.patient(event.record_id) if event else None)
    if patient is None:
        return None
    # The ref of any statement of an encounter is an alias of its id, so the encounter is meant.
    ref = patient.former_refs.get(StatementRef(opaque), opaque)
    encounter = next((e for e in patient.patient.encounters if ref in e.statements), None)
    if encounter is not None:
        kind, wanted = "encounter", [patient.filed[ref] for ref in encounter.statements]
    else:
        every = patient.filed.values()
        named = [each for each in every if opaque in {each.event_id, each.statement.ref}]
        if not named and event is not None and opaque == event.event_id:
            return _of_superseded(archive, event, patient.patient.patient_id)
        kind, wanted = ("event", named) if named else ("patient", list(every))
    return {
        "id": opaque,
        "kind": kind,
        "patient_id": patient.patient.patient_id,
        "encounter_id": encounter.encounter_id if encounter else None,
        "message": None,
        "events": [_event(archive, each) for each in sorted(wanted, key=lambda each: each.index)],
    }


def _of_superseded(archive: MessageArchive, event: EventRow, patient_id: PatientId) -> Chain:
    """Return the chain behind an event that no longer counts, or that withdraws another one."""
    return {
        "id": event.event_id,
        "kind": "event",
        "patient_id": patient_id,
        "encounter_id": None,
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
