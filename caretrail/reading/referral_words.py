"""The entries of referrals in plain words."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

from caretrail.reading.own_stream import error_words
from caretrail.reading.wording import EntryWords
from domain.ids import EventId
from domain.party import Party
from domain.referral import (
    Channel,
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
    SendingChannel,
    Side,
)

_CHANNELS: Final[Mapping[Channel, str]] = {
    "sent": "sent by the target",
    "found": "found in the record",
    "fax": "by fax",
    "told": "told by the patient or the target",
}
_SENT: Final[Mapping[SendingChannel, str]] = {
    "electronic": "electronically",
    "portal": "by portal",
    "fax": "by fax",
    "phone": "by phone",
    "mail": "by mail",
    "handed_over": "by hand",
}
_WISH: Final[Mapping[Side, str]] = {
    "requester": "wished by the requester",
    "target": "wished by the target",
    "patient": "wished by the patient",
}
#: Codes whose words are not the code with spaces.
_WORDS: Final[Mapping[str, str]] = {
    "yes": "patient reached",
    "no": "patient not reached",
    "left_message": "message left",
    "none": "",
    "unknown": "",
    "other": "another reason",
}


def referral_words(
    event: ReferralEvent, event_of: Callable[[EventId], ReferralEvent | None]
) -> EntryWords:
    """Return the words of the entry of an event.

    Args:
        event: The event.
        event_of: Returns another event of the same referral by its id.
    """
    if isinstance(event, ReferralEnteredInError):
        return error_words("Referral", event, event_of)
    head, parts = _about_the_request(event) or _about_the_visit(event) or _about_the_end(event)
    return EntryWords(
        kind=event.move(),
        head=head,
        rest=", ".join(filter(None, parts)),
        stated=_appointment(event),
    )


def _appointment(event: ReferralEvent) -> tuple[str, datetime] | None:
    """Return when an appointment begins, with the word before it."""
    match event:
        case ReferralScheduled():
            return "for", event.starts_at
        case ReferralRescheduled():
            return "to", event.starts_at
        case _:
            return None


def referral_organisation(event: ReferralEvent) -> str:
    """Return the organisation that acted; empty: not stated."""
    if isinstance(event, ReferralRequested):
        return event.requester.organisation
    if isinstance(event, ReferralClosed):
        return event.acknowledged_by.organisation
    if isinstance(event, ReferralReported):
        return event.partner
    by = getattr(event, "by", None)
    return by.organisation if isinstance(by, Party) else ""


_Words = tuple[str, Iterable[str]]


def _about_the_request(event: ReferralEvent) -> _Words | None:  # noqa: C901, PLR0911 - a table of events
    match event:
        case ReferralRequested():
            asked_for = " ".join(filter(None, (event.service, event.specialty)))
            who = f"from {_party(event.requester)} to {_party(event.target)}"
            return "Referral requested", (who, asked_for, event.urgency)
        case ReferralSent():
            return "Referral sent", (_SENT[event.channel],)
        case ReferralReceived():
            return "Referral received", (_by(event.by), _SENT[event.channel])
        case ReferralReturnedForInformation():
            missing = f"missing: {', '.join(map(_code, event.missing))}" if event.missing else ""
            return "Information asked for", (_by(event.by), missing)
        case ReferralInformationSent():
            sent = f"sent: {', '.join(map(_code, event.supplied))}" if event.supplied else ""
            return "Information sent", (_by(event.by), sent)
        case ReferralAccepted():
            expected = f"expected by {event.expected_by}" if event.expected_by else ""
            return "Referral accepted", (_by(event.by), expected)
        case ReferralDeclined():
            return "Referral declined", (_by(event.by), _code(event.reason))
        case ReferralRedirected():
            return "Referral redirected", (_by(event.by), f"to {_party(event.to)}")
        case ReferralPatientDeclined():
            return "Referral declined by the patient", (_recorded(event.by), _code(event.reason))
        case ReferralAuthorised():
            units = f"{event.units} units" if event.units else ""
            until = f"until {event.until}" if event.until else ""
            return "Referral authorised", (f"by {event.payer}", units, until)
        case ReferralAuthorisationRefused():
            return "Authorisation refused", (f"by {event.payer}",)
        case _:
            return None


def _about_the_visit(event: ReferralEvent) -> _Words | None:  # noqa: C901, PLR0911 - a table of events
    match event:
        case ReferralScheduled():
            return "Appointment made", (_by(event.by),)
        case ReferralRescheduled():
            return "Appointment moved", (_WISH[event.asked_by], _recorded(event.by))
        case ReferralAppointmentCancelled():
            return "Appointment cancelled", (_recorded(event.by), _WISH[event.asked_by])
        case ReferralMissed():
            found = (_recorded(event.by), _code(event.reason), _code(event.reached))
            return "Visit missed", found
        case ReferralContactAttempted():
            result = (_by(event.by), _code(event.how), _code(event.result))
            return "Patient contact attempted", result
        case ReferralHeld():
            return "Referral put on hold", (_by(event.by), _code(event.reason))
        case ReferralResumed():
            return "Referral resumed", (_by(event.by),)
        case ReferralSeen():
            return "Patient seen", (_by(event.by),)
        case ReferralInterimNoteSent():
            return "Interim note sent", (_by(event.by), _recommended(event))
        case ReferralOutcomeSent():
            return "Referral outcome sent", (_by(event.by), _recommended(event))
        case ReferralOutcomeReceived():
            return "Referral outcome received", (_CHANNELS[event.how],)
        case _:
            return None


def _about_the_end(event: ReferralEvent) -> _Words:  # noqa: PLR0911 - a table of events
    match event:
        case ReferralClosed():
            told = event.plan_told_to_patient_on
            plan = f"patient told on {told}" if told else "patient not told yet"
            met = f"need met: {event.need_met}"
            return "Referral closed", (_by(event.acknowledged_by), met, plan)
        case ReferralCancellationRequested():
            asked = (_by(event.by), _code(event.reason), _WISH[event.asked_by])
            return "Cancellation requested", asked
        case ReferralCancelled():
            asked = (_by(event.by), _code(event.reason), _WISH[event.asked_by])
            return "Referral cancelled", asked
        case ReferralReopened():
            return "Referral reopened", (_by(event.by), _code(event.reason))
        case ReferralDuplicateMarked():
            return "Referral is a duplicate", (f"of referral {event.other}",)
        case ReferralDuplicateCleared():
            return "Referral is no duplicate", (f"of referral {event.other}",)
        case ReferralReported():
            claim = f"by {event.partner} as {_code(event.claim)}"
            met = f"need met: {event.need_met}" if event.need_met != "unknown" else ""
            return "Referral reported", (claim, met)
        case _:
            raise TypeError(event.TOPIC)  # a test finds an event that has no words


def _recommended(event: ReferralInterimNoteSent | ReferralOutcomeSent) -> str:
    words = _code(event.recommends)
    return f"recommends {words}" if words else ""


def _by(party: Party) -> str:
    return f"by {_party(party)}"


def _recorded(party: Party) -> str:
    return f"as recorded by {_party(party)}"


def _party(party: Party) -> str:
    """Return the codes of a party as text, such as ``GENERAL, dr-ward``."""
    return ", ".join(filter(None, (party.organisation, party.person, party.pool)))


def _code(code: str) -> str:
    return _WORDS.get(code, code.replace("_", " "))
