"""The small pages: the first page, the evidence of one message, errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from caretrail.reading.evidence import Evidence
from caretrail.web.flags import meanings_of, reason
from caretrail.web.proofs import NamedFact
from caretrail.web.render import render
from caretrail.web.words import Words, plural
from domain.ids import PatientId
from domain.statement import Precision
from projections.audit_trail import EventRow

#: Outcome of a message -> why it has no event.
_NO_EVENT: Final[Mapping[str, str]] = {
    "quarantined": "The message is in quarantine. It was answered AE and made no event.",
    "no_effect": "The message has no effect here. It made no event.",
    "unreadable": "The message could not be read. It made no event.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A link from the first page. Its texts hold no name and no number of a patient."""

    title: str
    text: str
    href: str


def evidence_page(
    evidence: Evidence,
    *,
    patient_id: PatientId | None,
    words: Words,
    frame: Mapping[str, object],
) -> str:
    """Return the page of one received message and its events."""
    message = evidence.message
    arrived: list[NamedFact] = []
    if message:
        arrived = [
            NamedFact(name="Received", value=words.moment(message.received_at, year=True)),
            NamedFact(name="Received by", value=message.arrived_by),
            NamedFact(name="Sender profile", value=message.sender),
            NamedFact(name="Outcome", value=str(message.disposition).replace("_", " ")),
            NamedFact(
                name="Reason",
                value=" at ".join(filter(None, (reason(message.reason), message.place))),
            ),
            *(
                NamedFact(name="Warning", value=m.words, code=m.code)
                for m in meanings_of(message.warnings)
            ),
            NamedFact(
                name="Control id",
                value="the same sender used it for a different message too"
                if message.control_id_reused
                else "",
            ),
            NamedFact(
                name="Duplicates", value=str(message.duplicates) if message.duplicates else ""
            ),
            NamedFact(name="Message id", value=message.message_id),
        ]
    name = f"{message.trigger} message {message.control_id}" if message else "An event"
    return render(
        "evidence.html",
        **frame,
        words=words,
        evidence=evidence,
        summary=f"{name} and {plural(len(evidence.events), 'event')}",
        patient_id=patient_id,
        nothing=_NO_EVENT.get(str(message.disposition), "") if message else "",
        events=[_event(each, words) for each in evidence.events],
        message_facts=[fact for fact in arrived if fact.value or fact.code],
    )


def home_page(
    stories: Sequence[Story], *, counts: str, words: Words, frame: Mapping[str, object]
) -> str:
    """Return the first page."""
    return render("home.html", **frame, words=words, stories=stories, counts=counts)


def error_page(title: str, text: str, *, words: Words, frame: Mapping[str, object]) -> str:
    """Return the page of an error. ``text`` says what to do; it never repeats what was typed."""
    return render("error.html", **frame, words=words, head=title, text=text)


def _event(event: EventRow, words: Words) -> list[NamedFact]:
    def at(moment: datetime | None, precision: Precision | None = None) -> str:
        return words.moment(moment, precision or "second", year=True) if moment else "not stated"

    actor = " ".join(
        filter(
            None,
            (
                event.actor_kind,
                event.actor_issuer,
                event.actor_subject,
                event.actor_role,
                event.actor_purpose,
            ),
        )
    )
    facts = (
        ("Event", f"{event.source_position:,}"),
        ("Type", event.topic),
        ("Happened", at(event.happened_at, event.happened_precision)),
        ("Stated", at(event.stated_at, event.stated_precision)),
        ("Recorded", at(event.recorded_at)),
        ("Facility", event.facility),
        ("Sent by", " ".join(filter(None, (event.application, event.sender)))),
        ("Control id", event.control_id or ""),
        ("Recorded by", actor),
        ("Mode", {"P": "production", "T": "test", "D": "debugging"}.get(event.mode or "", "")),
        ("Mapping version", event.mapping_version),
        ("Profile version", event.profile_version[:16]),
        ("Event id", event.event_id),
        ("Source record", event.record_id),
    )
    marked = [NamedFact(name="Note", value=m.words, code=m.code) for m in meanings_of(event.flags)]
    return [NamedFact(name=name, value=value) for name, value in facts if value] + marked
