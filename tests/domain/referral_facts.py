"""One event of each kind about one referral, and streams made of them."""

from datetime import date
from typing import Any

from domain.decider import StreamEvent
from domain.ids import StreamId
from domain.party import Party
from domain.referral import (
    History,
    ReferralAccepted,
    ReferralAppointmentCancelled,
    ReferralAuthorisationRefused,
    ReferralAuthorised,
    ReferralCancellationRequested,
    ReferralCancelled,
    ReferralClosed,
    ReferralContactAttempted,
    ReferralDeclined,
    ReferralDuplicateCleared,
    ReferralDuplicateMarked,
    ReferralEnteredInError,
    ReferralEvent,
    ReferralHeld,
    ReferralInformationSent,
    ReferralInterimNoteSent,
    ReferralMissed,
    ReferralOutcomeReceived,
    ReferralOutcomeSent,
    ReferralPatientDeclined,
    ReferralReceived,
    ReferralRedirected,
    ReferralReopened,
    ReferralReported,
    ReferralRequested,
    ReferralRescheduled,
    ReferralResumed,
    ReferralReturnedForInformation,
    ReferralScheduled,
    ReferralSeen,
    ReferralSent,
)
from tests.domain.scenario import NOW, at, event_id
from tests.domain.stream_properties import RECORD

WARD = Party(organisation="GENERAL", person="dr-ward")
HEART = Party(organisation="HEART", pool="triage")
COLLEAGUE = Party(organisation="GENERAL", person="dr-heart")
OTHER = StreamId("01990000-0000-7000-8000-0000000000ff")

#: The least members of each event, by its move.
MEMBERS: dict[str, tuple[type[ReferralEvent], dict[str, Any]]] = {
    "requested": (
        ReferralRequested,
        {"requester": WARD, "target": HEART, "specialty": "394579002"},
    ),
    "sent": (ReferralSent, {"channel": "electronic"}),
    "received": (ReferralReceived, {"by": HEART, "channel": "electronic"}),
    "returned_for_information": (
        ReferralReturnedForInformation,
        {"by": HEART, "missing": ("medication_list",)},
    ),
    "information_sent": (ReferralInformationSent, {"by": WARD, "supplied": ("medication_list",)}),
    "accepted": (ReferralAccepted, {"by": HEART}),
    "declined": (ReferralDeclined, {"by": HEART, "reason": "no_capacity"}),
    "redirected": (
        ReferralRedirected,
        {"by": HEART, "to": Party(organisation="LUNG"), "new_referral": OTHER},
    ),
    "patient_declined": (ReferralPatientDeclined, {"by": WARD, "reason": "cost"}),
    "authorised": (ReferralAuthorised, {"payer": "PLAN", "units": 2, "until": date(2026, 6, 1)}),
    "authorisation_refused": (ReferralAuthorisationRefused, {"payer": "PLAN"}),
    "scheduled": (ReferralScheduled, {"by": HEART, "starts_at": NOW}),
    "rescheduled": (
        ReferralRescheduled,
        {"by": HEART, "starts_at": NOW, "asked_by": "patient"},
    ),
    "appointment_cancelled": (ReferralAppointmentCancelled, {"by": HEART, "asked_by": "target"}),
    "missed": (ReferralMissed, {"by": HEART, "reason": "transport"}),
    "contact_attempted": (
        ReferralContactAttempted,
        {"by": WARD, "how": "telephone", "result": "reached"},
    ),
    "held": (ReferralHeld, {"by": HEART, "reason": "waiting_list"}),
    "resumed": (ReferralResumed, {"by": HEART}),
    "seen": (ReferralSeen, {"by": HEART}),
    "interim_note_sent": (ReferralInterimNoteSent, {"by": HEART, "recommends": "follow_up"}),
    "outcome_sent": (ReferralOutcomeSent, {"by": HEART, "document": "doc-1"}),
    "outcome_received": (ReferralOutcomeReceived, {"how": "fax", "document": "doc-1"}),
    "closed": (ReferralClosed, {"acknowledged_by": WARD, "need_met": "yes"}),
    "cancellation_requested": (
        ReferralCancellationRequested,
        {"by": WARD, "asked_by": "requester", "reason": "no_longer_needed"},
    ),
    "cancelled": (
        ReferralCancelled,
        {"by": WARD, "asked_by": "requester", "reason": "no_longer_needed"},
    ),
    "reopened": (ReferralReopened, {"by": WARD, "reason": "needed_again"}),
    "duplicate_marked": (ReferralDuplicateMarked, {"other": OTHER}),
    "duplicate_cleared": (ReferralDuplicateCleared, {"other": OTHER}),
    "reported": (ReferralReported, {"partner": "HEART", "claim": "accepted"}),
    "entered_in_error": (
        ReferralEnteredInError,
        {"event_id": event_id(1), "reason_code": "wrong_item"},
    ),
}


def fact(move: str, hours: float = 0, **members: Any) -> ReferralEvent:
    """Return the event of a move, so many hours from ``NOW``."""
    event, least = MEMBERS[move]
    return event.model_validate({"record": RECORD, "happened_at": at(hours), **least, **members})


def told(*moves: str | ReferralEvent, start: float = -90) -> History:
    """Return a stream of moves, one hour apart."""
    events = [
        fact(each, start + place) if isinstance(each, str) else each
        for place, each in enumerate(moves)
    ]
    return [StreamEvent(event_id(number), number, each) for number, each in enumerate(events, 1)]
