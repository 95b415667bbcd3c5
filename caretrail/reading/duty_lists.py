"""Duties in lists and in counts: what is or was owed, and whether it was done in time."""

from datetime import datetime

from caretrail.reading.members import Json, instant
from caretrail.reading.work_entries import party_json
from projections.duty_list import ListedDuty
from projections.duty_report import DutyCounts


def duty_json(row: ListedDuty, at: datetime) -> Json:
    """Return one duty, as seen from an instant."""
    return {
        "kind": row.kind,
        "about": row.about,
        "duty": row.duty,
        "part": row.part or None,
        "concerns": row.concerns or None,
        "patient_id": row.patient_id,
        "record_id": row.record_id,
        "mode": row.mode,
        "encounter_id": row.encounter_id,
        "opened_at": instant(row.opened_at),
        "due_at": instant(row.due_at),
        "due_on": row.due_on,
        "zone": row.zone,
        "in_time_until": instant(row.in_time_until),
        "done_at": instant(row.done_at),
        "late": (row.done_at or at) > row.in_time_until,
        "urgent": row.is_urgent,
        "source": row.source,
        "rule_version": row.rule_version,
        "responsible": party_json(
            row.responsible_organisation, row.responsible_person, row.responsible_pool
        ),
    }


def counts_json(counts: DutyCounts) -> Json:
    """Return how many duties of one code were done in time, and how many were not."""
    return {
        "duty": counts.duty,
        "done_in_time": counts.done_in_time,
        "done_late": counts.done_late,
        "overdue": counts.overdue,
        "not_yet_due": counts.not_yet_due,
        "waived": counts.waived,
        "oldest_overdue": instant(counts.oldest_overdue),
    }
