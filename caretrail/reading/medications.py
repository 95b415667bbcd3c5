"""Medication lists as the timeline, the command line and the page show them."""

from collections.abc import Callable, Sequence
from typing import Final, assert_never

from caretrail.reading.members import Json, instant
from caretrail.reading.own_stream import OwnStream, StreamSummary, error_words
from caretrail.reading.wording import EntryWords
from domain.decider import fold
from domain.ids import EncounterId, EventId, PatientId, RecordId, StatementRef, StreamId
from domain.medication_facts import (
    DiscrepancyFound,
    DiscrepancyResolved,
    ListElsewhere,
    MedicationEvent,
    MedicationFact,
    MedicationListEnteredInError,
    MedicationListRecorded,
    MedicationListReported,
    MedicationsReconciled,
)
from domain.medication_list import MEDICATION_LIST, MedicationHistory, Medications
from domain.party import Party
from projections.medication_reconciliation import (
    DiscrepancyRow,
    ListRow,
    ReconciliationRow,
    discrepancy_rows,
    flags_of,
    list_rows,
    lists_of_stream,
    reconciliation_rows,
)
from projections.stream_flags import flags_of_stream
from projections.stream_terms import state_of_medications


def _list_json(list_id: str, row: ListRow) -> Json:
    return {
        "list_id": list_id,
        "source": row.source,
        "listed_at": instant(row.listed_at),
        "listed_precision": row.listed_precision,
        "by": _by_json(row.by_organisation, row.by_person),
        "items": row.items,
        "compared": row.is_compared,
    }


def _reconciliation_json(row: ReconciliationRow, encounter_id: EncounterId | None) -> Json:
    return {
        "reconciled_at": instant(row.reconciled_at),
        "reconciled_precision": row.reconciled_precision,
        "at_point": row.at_point,
        "by": _by_json(row.by_organisation, row.by_person),
        "role": row.role,
        "reported_by": row.reported_by,
        "compared": list(row.compared),
        "compared_elsewhere": list(row.compared_elsewhere),
        "actions": {
            "continue": row.continued,
            "change": row.changed,
            "stop": row.stopped,
            "new": row.started,
            "hold": row.held,
            "clarify": row.to_clarify,
        },
        "unresolved": row.unresolved,
        "given_to": list(row.given_to),
        "written_copy": row.is_written_copy,
        "language": row.language or None,
        "anchor": row.anchor_ref,
        "encounter_id": encounter_id,
        "flags": list(flags_of(row)),
    }


def _discrepancy_json(discrepancy_id: str, row: DiscrepancyRow) -> Json:
    return {
        "discrepancy_id": discrepancy_id,
        "kind": row.kind,
        "items": list(row.items),
        "found_at": instant(row.found_at),
        "found_precision": row.found_precision,
        "by": _by_json(row.by_organisation, row.by_person),
        "resolved_at": instant(row.resolved_at),
        "resolved_precision": row.resolved_precision,
        "resolved_how": row.resolved_how,
    }


def _by_json(organisation: str, person: str) -> Json:
    return {"organisation": organisation or None, "person": person or None}


def _summary(
    stream: StreamId,
    history: MedicationHistory,
    /,
    *,
    patient_of: Callable[[RecordId], PatientId],
    encounter_of: Callable[[StatementRef | None], EncounterId | None],
) -> StreamSummary:
    folded = fold(MEDICATION_LIST, history)
    known = folded.state.known
    first = next(each.event for each in history if isinstance(each.event, MedicationFact))
    members = {
        "stream_id": stream,
        "state": state_of_medications(folded),
        "version": len(history),
        "patient_id": patient_of(first.record),
        "record_id": first.record,
        "mode": first.mode,
        "lists": [_list_json(list_id, each) for list_id, each in list_rows(known).items()],
        "reconciliations": [
            _reconciliation_json(each, encounter_of(each.anchor_ref))
            for each in reconciliation_rows(known)
        ],
        "discrepancies": [
            _discrepancy_json(part, each) for part, each in discrepancy_rows(known).items()
        ],
        "flags": flags_of_stream(folded, history),
    }
    began = min(each.event.happened_at.at for each in history)
    return StreamSummary(began_at=began, members=members)


def _words(
    event: MedicationEvent, event_of: Callable[[EventId], MedicationEvent | None]
) -> EntryWords:
    match event:
        case MedicationListRecorded():
            head = f"Medication list {event.list_id} recorded"
            rest = f"from {_SOURCES[event.source]}, items: {event.items}"
        case MedicationsReconciled():
            head = "Medications reconciled"
            lists = ", ".join((*event.compared, *map(_elsewhere, event.compared_elsewhere)))
            rest = f"at {_spaced(event.at_point)} by {_party(event.by)}, lists: {lists}"
            if event.unresolved:
                rest += f", unresolved: {event.unresolved}"
        case DiscrepancyFound():
            head = f"Medication discrepancy {event.discrepancy_id} found"
            rest = f"{_spaced(event.kind)}, by {_party(event.by)}"
        case DiscrepancyResolved():
            head = f"Medication discrepancy {event.discrepancy_id} resolved"
            rest = f"{_spaced(event.how)}, by {_party(event.by)}"
        case MedicationListReported():
            head = "Medication lists reported"
            rest = f"by {event.partner} as {_spaced(event.claim)} at {_spaced(event.at_point)}"
        case MedicationListEnteredInError():
            return error_words("Medication list", event, event_of)
        case _:
            assert_never(event)
    return EntryWords(kind=event.move(), head=head, rest=rest)


def _elsewhere(compared: ListElsewhere) -> str:
    return f"{compared.list_id} of a merged record"


def mark_compared_elsewhere(streams: Sequence[Json]) -> None:
    """Mark the lists of a person that a reconciliation of another record compared.

    Args:
        streams: The members of each stream ``medication_list`` of the person. They are changed.
    """
    refs = {
        ref
        for stream in streams
        for each in stream["reconciliations"]
        for ref in each["compared_elsewhere"]
    }
    for stream in streams:
        named = lists_of_stream(stream["stream_id"], refs)
        for each in stream["lists"]:
            each["compared"] = each["compared"] or each["list_id"] in named


_SOURCES: Final = {
    "home": "home",
    "hospital": "the hospital",
    "discharge": "the discharge",
    "pharmacy": "the pharmacy",
    "patient": "the patient",
}


def _party(party: Party) -> str:
    return ", ".join(filter(None, (party.organisation, party.person, party.pool)))


def _spaced(code: str) -> str:
    return code.replace("_", " ")


def _organisation(event: MedicationEvent) -> str:
    return "" if isinstance(event, MedicationListEnteredInError) else event.by.organisation


MEDICATIONS: Final = OwnStream[Medications, MedicationEvent](
    kind="medication_list",
    icon="plan",
    decider=MEDICATION_LIST,
    begins=MedicationFact,  # type: ignore[arg-type]  # each of its subclasses is in the union
    words=_words,
    organisation=_organisation,
    summarise=_summary,
)
