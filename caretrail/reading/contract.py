"""Write readings as the JSON of the command line, which scripts rely on.

Every member is always there; a value that was not stated is null. Times are RFC 3339 in UTC.
Members may be added. No member is renamed or removed.
"""

from bisect import bisect_right
from typing import Final

from caretrail.reading.activities import ActivityEntry
from caretrail.reading.census import CensusReading, OccupiedPlace
from caretrail.reading.listing import PatientSummary
from caretrail.reading.members import Json, actor_json, instant
from caretrail.reading.patient import PatientReading
from caretrail.reading.places import PlaceParts
from caretrail.reading.transitions import transition_json
from domain.continuity import Encounter, Entry, Stay
from domain.ids import StatementRef
from projections.audit_trail import LogPosition
from projections.timeline_rows import precision_of

#: Sorts after every time.
_LAST: Final = "~"


def timeline_json(reading: PatientReading) -> Json:
    """Return one patient's timeline."""
    patient = reading.patient
    return {
        "patient_id": patient.patient_id,
        "mode": patient.mode,
        "encounters": [_encounter(reading, each) for each in patient.encounters],
        "entries": _in_order(
            [_entry(reading, each) for each in patient.entries],
            [activity_json(each) for each in reading.activities.entries],
        ),
        "activities": {kind: list(streams) for kind, streams in reading.activities.streams.items()},
        "transitions": [transition_json(each) for each in reading.transitions],
        "flags": list(patient.flags),
        "shared_numbers": [
            {"authority": number.authority, "identifier": number.value, "patient_id": other}
            for number, other in reading.shared_numbers()
        ],
        "as_of": instant(reading.as_of),
        "known_at": position_json(reading.known),
        "behind": reading.behind,
    }


def census_json(reading: CensusReading) -> list[Json]:
    """Return one object for each occupied place."""
    return [_occupied(each) for each in reading.occupied]


def patients_json(listed: PatientSummary) -> Json:
    """Return one patient of the list of patients."""
    return {
        "patient_id": listed.patient_id,
        "mode": listed.mode,
        "identifiers": [
            {
                "authority": number.authority,
                "identifier": number.value,
                "type": number.type or None,
                "merged": number.retired or listed.merged_into is not None,
            }
            for number in listed.numbers
        ],
        "merged_into": listed.merged_into,
    }


def position_json(position: LogPosition) -> Json:
    """Return a position in the log of events."""
    return {"index": position.index, "recorded_at": instant(position.recorded_at)}


def activity_json(entry: ActivityEntry) -> Json:
    """Return the entry of an own event: the members of an entry of the timeline."""
    return {
        "happened_at": instant(entry.happened_at),
        "recorded_at": instant(entry.recorded_at),
        "kind": entry.words.kind,
        "summary": entry.words.summary,
        "trigger": None,
        "encounter_id": entry.encounter_id,
        "inferred": False,
        "voided": entry.voided_by is not None,
        "voided_by": entry.voided_by,
        "superseded_by": None,
        "event_id": entry.event_id,
        "source_message": None,
        "flags": list(entry.flags),
        "stream": entry.stream,
        "stream_id": entry.stream_id,
        "precision": entry.precision,
        "actor": actor_json(entry.actor),
    }


def _encounter(reading: PatientReading, encounter: Encounter) -> Json:
    return {
        "encounter_id": encounter.encounter_id,
        "facility": encounter.facility or None,
        "visit_number": reading.visits.get(encounter.visit) if encounter.visit else None,
        "class": encounter.class_code,
        "class_as_sent": encounter.class_as_sent or None,
        "status": encounter.status,
        "started_at": instant(encounter.start),
        "started_inferred": encounter.start_inferred,
        "ended_at": instant(encounter.end),
        "ended_inferred": encounter.end_inferred,
        "planned_for": instant(encounter.planned_for),
        "disposition": encounter.disposition_code or None,
        "locations": [_stay(reading, stay) for stay in encounter.stays],
        "cancelled": encounter.cancelled,
        "flags": list(encounter.flags),
        "started_precision": precision_of(encounter.start, encounter.start_precision),
        "ended_precision": precision_of(encounter.end, encounter.end_precision),
        "planned_for_precision": precision_of(encounter.planned_for, encounter.planned_precision),
    }


def _stay(reading: PatientReading, stay: Stay) -> Json:
    place = stay.place
    filed = reading.filed.get(stay.statement)
    return {
        "facility": place.facility if place else None,
        **_parts(reading.parts(place)),
        "class": stay.class_code,
        "from": instant(stay.start),
        "until": instant(stay.end),
        "cancelled": stay.cancelled,
        "event_id": filed.event_id if filed else None,
        "flags": list(stay.flags),
        "from_precision": precision_of(stay.start, stay.start_precision),
        "until_precision": precision_of(stay.end, stay.end_precision),
    }


def _parts(parts: PlaceParts) -> Json:
    return {
        "unit": parts.unit,
        "room": parts.room,
        "bed": parts.bed,
        "building": parts.building,
        "floor": parts.floor,
        "description": parts.text,
    }


def _entry(reading: PatientReading, entry: Entry) -> Json:
    filed = reading.filed[entry.statement]
    words = reading.words(entry)
    happened_at, precision = reading.placed_at(entry)
    return {
        "happened_at": instant(happened_at),
        "recorded_at": instant(filed.recorded_at),
        "kind": words.kind,
        "summary": words.summary,
        "trigger": filed.statement.trigger,
        "encounter_id": entry.encounter_id,
        "inferred": entry.inferred,
        "voided": entry.voided_by is not None,
        "voided_by": _event(reading, entry.voided_by),
        "superseded_by": _event(reading, entry.superseded_by),
        "event_id": filed.event_id,
        "source_message": filed.message_id,
        "flags": list(entry.flags),
        "stream": None,
        "stream_id": None,
        "precision": precision_of(happened_at, precision),
        "actor": None,
    }


def _in_order(statements: list[Json], activities: list[Json]) -> list[Json]:
    """Put each activity behind the last statement that happened before it or with it."""
    # From each statement on, the earliest time of it and of all later ones: these times are sorted.
    earliest: list[str] = []
    for each in reversed(statements):
        at = each["happened_at"] or _LAST
        earliest.append(min(at, earliest[-1]) if earliest else at)
    earliest.reverse()
    entries: list[Json] = []
    taken = 0
    for one in activities:
        place = max(taken, bisect_right(earliest, one["happened_at"]))
        entries += [*statements[taken:place], one]
        taken = place
    return entries + statements[taken:]


def _event(reading: PatientReading, ref: StatementRef | None) -> str | None:
    return None if ref is None else reading.filed[ref].event_id


def _occupied(row: OccupiedPlace) -> Json:
    return {
        "facility": row.facility or None,
        **_parts(row.parts),
        "patient_id": row.patient_id,
        "encounter_id": row.encounter_id,
        "since": instant(row.since),
        "class": row.class_code,
        "mode": row.mode,
        "flags": list(row.flags),
        "since_precision": row.since_precision,
    }
