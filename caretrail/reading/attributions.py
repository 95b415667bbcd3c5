"""Attributions as the timeline, the command line and the page show them."""

from collections.abc import Callable
from typing import Final, assert_never

from caretrail.reading.members import Json, instant
from caretrail.reading.own_stream import OwnStream, StreamSummary, error_words
from caretrail.reading.wording import EntryWords
from domain.attribution import (
    ATTRIBUTION,
    Attributed,
    AttributionEnded,
    AttributionEnteredInError,
    AttributionEvent,
    AttributionHistory,
    Attributions,
)
from domain.decider import fold
from domain.ids import EncounterId, EventId, PatientId, RecordId, StatementRef, StreamId
from projections.attribution import AttributionRow, attribution_rows
from projections.stream_terms import state_of_attributions


def attribution_json(row: AttributionRow) -> Json:
    """Return one attribution of a person."""
    return {
        "record_id": row.record_id,
        "target_kind": row.target_kind,
        "target": row.target,
        "source": row.source,
        "roster": row.roster or None,
        "roster_row": row.roster_row,
        "own_wish": row.own_wish,
        "precedence": row.precedence,
        "since": instant(row.since),
        "since_precision": row.since_precision,
        "until": instant(row.until),
        "until_precision": row.until_precision,
        "ended_reason": row.ended_reason,
        "told_at": instant(row.told_at),
        "flags": list(row.flags),
    }


def _summary(
    stream: StreamId,
    history: AttributionHistory,
    /,
    *,
    patient_of: Callable[[RecordId], PatientId],
    encounter_of: Callable[[StatementRef | None], EncounterId | None],  # noqa: ARG001
) -> StreamSummary:
    folded = fold(ATTRIBUTION, history)
    (first,) = [each.event for each in history if isinstance(each.event, Attributed)][:1]
    patient = patient_of(first.record)
    rows = attribution_rows(patient, first.mode, folded.state)
    members = {
        "stream_id": stream,
        "state": state_of_attributions(folded.state),
        "version": len(history),
        "patient_id": patient,
        "record_id": first.record,
        "mode": first.mode,
        "attributions": [attribution_json(each) for each in rows],
        "flags": ["has_void_events"] if folded.void else [],
    }
    began = min(each.event.happened_at.at for each in history)
    return StreamSummary(began_at=began, members=members)


def _words(
    event: AttributionEvent, event_of: Callable[[EventId], AttributionEvent | None]
) -> EntryWords:
    match event:
        case Attributed():
            period = f"from {event.since.at:%Y-%m-%d}"
            until = f"until {event.until.at:%Y-%m-%d}" if event.until else ""
            wish = "as the person asked" if event.own_wish else ""
            head = f"Attributed to the {event.target_kind} {event.target}"
            rest = ", ".join(filter(None, (period, until, _source(event), wish)))
        case AttributionEnded():
            head = f"Attribution to the {event.target_kind} {event.target} ended"
            reason = event.reason.replace("_", " ")
            rest = ", ".join((f"on {event.until.at:%Y-%m-%d}", reason, _source(event)))
        case AttributionEnteredInError():
            return error_words("Attribution", event, event_of)
        case _:
            assert_never(event)
    return EntryWords(kind=event.move(), head=head, rest=rest)


def _source(event: Attributed | AttributionEnded) -> str:
    return f"roster {event.roster}" if event.roster else f"by {event.source}"


def _organisation(_event: AttributionEvent) -> str:
    return ""


ATTRIBUTIONS: Final = OwnStream[Attributions, AttributionEvent](
    kind="attribution",
    icon="admin",
    decider=ATTRIBUTION,
    begins=Attributed,
    words=_words,
    organisation=_organisation,
    summarise=_summary,
)
