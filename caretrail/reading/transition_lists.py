"""Transitions by patient, by encounter, and in lists."""

import re
from datetime import datetime

from caretrail.reading.members import Json, instant
from caretrail.reading.reader import Reader
from caretrail.reading.transitions import transition_json
from domain.events import UUID_TEXT
from domain.ids import EncounterId, StatementRef
from projections.engine import course
from projections.transition_list import ListedTransition


def transitions_of(
    reader: Reader,
    text: str,
    *,
    as_of: datetime | None = None,
    known_at: int | datetime | None = None,
) -> Json | None:
    """Return the transitions of a patient, or that of one encounter, with their steps.

    None: ``text`` names no patient and no encounter, or it was not yet known.

    Args:
        reader: The reader.
        text: A patient, as ``Reader.resolve`` takes it, or any statement of an encounter.
        as_of: The instant of the answer; None: now.
        known_at: An index or an instant; only events recorded up to it count. None: all count.

    Raises:
        NumberShared: See ``Reader.patient``.
    """
    named, patient = _encounter(reader, text)
    found = reader.patient(patient or text, as_of=as_of, known_at=known_at)
    if found is None:
        return None
    shown = [transition_json(each) for each in found.transitions]
    if named is not None:
        of_statement = {
            ref: each.encounter_id for each in found.patient.encounters for ref in each.statements
        }
        encounter = of_statement.get(StatementRef(text), named)
        shown = [each for each in shown if each["encounter_id"] == encounter]
    return {
        "patient_id": found.patient.patient_id,
        "as_of": instant(as_of),
        "known_at": {
            "index": found.known.index,
            "recorded_at": instant(found.known.recorded_at),
        },
        "transitions": shown,
    }


def _encounter(reader: Reader, text: str) -> tuple[EncounterId | None, str]:
    """Return the encounter that contains a statement now, and its patient."""
    if re.fullmatch(UUID_TEXT, text):
        with reader.connection() as connection:
            for patient in course.of_statement(connection, StatementRef(text)):
                for encounter in patient.encounters:
                    if text in encounter.statements:
                        return encounter.encounter_id, patient.patient_id
    return None, ""


def listed_json(row: ListedTransition) -> Json:
    """Return one transition of a list."""
    return {
        "encounter_id": row.encounter_id,
        "patient_id": row.patient_id,
        "mode": row.mode,
        "class": row.class_code,
        "facility": row.facility or None,
        "state": row.state,
        "cause": row.cause,
        "kind": row.kind,
        "protocol": row.protocol,
        "discharged_at": instant(row.discharge_at),
        "discharged_precision": row.discharge_precision,
        "responsible": {
            "organisation": row.responsible_organisation or None,
            "person": row.responsible_person or None,
            "pool": row.responsible_pool or None,
        },
        "steps": row.steps,
        "steps_settled": row.steps_settled,
        "owed": list(row.owed),
        "overdue": list(row.overdue),
        "next_due": instant(row.next_due),
        "flags": list(row.flags),
    }
