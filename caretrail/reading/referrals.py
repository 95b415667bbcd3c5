"""Referrals as the timeline, the command line and the page show them."""

from collections.abc import Callable
from typing import Final

from caretrail.reading.members import Json, instant
from caretrail.reading.own_stream import OwnStream, StreamSummary
from caretrail.reading.referral_words import referral_organisation, referral_words
from domain.decider import fold
from domain.ids import EncounterId, PatientId, RecordId, StatementRef, StreamId
from domain.referral import (
    REFERRAL,
    History,
    Referral,
    ReferralClosed,
    ReferralEvent,
    ReferralRequested,
    RequestedReferral,
    intervals,
    is_open,
    milestones,
    starts_at,
)
from projections.referral_loop import ReferralRow, referral_row


def referral_json(row: ReferralRow) -> Json:
    """Return one referral."""
    return {
        "stream_id": row.stream_id,
        "state": row.state,
        "version": row.version,
        "patient_id": row.patient_id,
        "record_id": row.record_id,
        "mode": row.mode,
        "requester": {
            "organisation": row.requester_organisation or None,
            "person": row.requester_person or None,
        },
        "target": {
            "organisation": row.target_organisation or None,
            "person": row.target_person or None,
            "pool": row.target_pool or None,
        },
        "service": row.service or None,
        "specialty": row.specialty or None,
        "urgency": row.urgency,
        "category": row.category,
        "requested_at": instant(row.requested_at),
        "requested_precision": row.requested_precision,
        "accepted_at": instant(row.accepted_at),
        "accepted_precision": row.accepted_precision,
        "outcome_at": instant(row.outcome_at),
        "outcome_precision": row.outcome_precision,
        "closed_at": instant(row.closed_at),
        "closed_precision": row.closed_precision,
        "need_met": row.need_met,
        "anchor": row.anchor_ref,
        "encounter_id": row.encounter_id,
        "flags": list(row.flags),
    }


def _summary(
    stream: StreamId,
    history: History,
    /,
    *,
    patient_of: Callable[[RecordId], PatientId],
    encounter_of: Callable[[StatementRef | None], EncounterId | None],
) -> StreamSummary:
    row = referral_row(stream, history, patient_of=patient_of, encounter_of=encounter_of)
    members = {**referral_json(row), **_progress(history)}
    return StreamSummary(began_at=row.requested_at, members=members)


def _progress(history: History) -> Json:
    """Return what only the folded events say: the step, its times, and the intervals."""
    folded = fold(REFERRAL, history)
    reached = milestones(folded)
    appointment = starts_at(folded.applied)
    state = folded.state
    told = [
        each.event.plan_told_to_patient_on
        for each in folded.applied
        if isinstance(each.event, ReferralClosed) and each.event.plan_told_to_patient_on
    ]
    return {
        "step": state.step if isinstance(state, RequestedReferral) else None,
        "open": is_open(state),
        "appointment_starts_at": instant(appointment.starts_at) if appointment else None,
        "plan_told_on": told[-1].isoformat() if told else None,
        "milestones": {name: instant(each.at) if each else None for name, each in reached.items()},
        "intervals": [
            {
                "since": each.since,
                "milestone": each.milestone,
                "seconds": int((each.ended_at.at - each.began_at.at).total_seconds())
                if each.ended_at
                else None,
            }
            for each in intervals(folded)
        ],
    }


REFERRALS: Final = OwnStream[Referral, ReferralEvent](
    kind="referral",
    icon="ref",
    decider=REFERRAL,
    begins=ReferralRequested,
    words=referral_words,
    organisation=referral_organisation,
    summarise=_summary,
)
