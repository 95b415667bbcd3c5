"""Pages of few words: evidence of one message, the door, errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from caretrail.reading.evidence import Evidence
from caretrail.web.flags import marks, reason
from caretrail.web.proofs import NamedFact
from caretrail.web.render import render
from caretrail.web.words import Words, plural
from domain.ids import PatientId
from projections.audit_trail import EventRow

_NO_EVENT: Final[Mapping[str, str]] = {
    "quarantined": "No event came of it. It waits in quarantine, and was answered AE.",
    "no_effect": "No event came of it: it states nothing about anybody here.",
}
_PUT_ASIDE: Final = "No event came of it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A link from the door: a title and a sentence, neither with a name or number of a patient."""

    title: str
    said: str
    href: str


def evidence_page(
    evidence: Evidence,
    *,
    patient_id: PatientId | None,
    words: Words,
    frame: Mapping[str, object],
) -> str:
    """Return the page of one message received and the events that it caused."""
    message = evidence.message
    arrived: list[NamedFact] = []
    if message:
        arrived = [
            NamedFact(name="Received", value=words.moment(message.received_at, year=True)),
            NamedFact(name="By", value=message.arrived_by),
            NamedFact(name="Sender profile", value=message.sender),
            NamedFact(name="Ended as", value=str(message.disposition).replace("_", " ")),
            NamedFact(
                name="Reason",
                value=" at ".join(filter(None, (reason(message.reason), message.place))),
            ),
            *(
                NamedFact(name="Warning", value=m.said, code=m.code)
                for m in marks(message.warnings)
            ),
            NamedFact(
                name="Control id",
                value="the same sender used it for another message with other bytes"
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
        said=f"{name} and {plural(len(evidence.events), 'event')}",
        patient_id=patient_id,
        nothing=_NO_EVENT.get(str(message.disposition), _PUT_ASIDE) if message else "",
        events=[_event(each, words) for each in evidence.events],
        message_facts=[fact for fact in arrived if fact.value or fact.code],
    )


def home_page(
    stories: Sequence[Story], *, said: str, words: Words, frame: Mapping[str, object]
) -> str:
    """Return the door."""
    return render("home.html", **frame, words=words, stories=stories, said=said)


def error_page(head: str, said: str, *, words: Words, frame: Mapping[str, object]) -> str:
    """Return the page of an error; ``said`` tells what to do, and never what was asked."""
    return render("error.html", **frame, words=words, head=head, said=said)


def _event(event: EventRow, words: Words) -> list[NamedFact]:
    def at(moment: datetime | None) -> str:
        return words.moment(moment, year=True) if moment else "not stated"

    actor = " ".join(
        filter(None, (event.actor_kind, event.actor_issuer, event.actor_subject, event.actor_role))
    )
    facts = (
        ("Event", f"{event.source_position:,}"),
        ("What", event.topic),
        ("Happened, as stated", at(event.happened_at)),
        ("Stated", at(event.stated_at)),
        ("Recorded", at(event.recorded_at)),
        ("Facility", event.facility),
        ("Sent by", " ".join(filter(None, (event.application, event.sender)))),
        ("Control id", event.control_id or ""),
        ("Recorded by", actor),
        ("Mode", {"P": "production", "T": "test", "D": "debugging"}.get(event.mode or "", "")),
        ("Mapping", event.mapping_version),
        ("Profile", event.profile_version[:16]),
        ("Event id", event.event_id),
        ("Stream", event.record_id),
    )
    marked = [NamedFact(name="Marked", value=m.said, code=m.code) for m in marks(event.flags)]
    return [NamedFact(name=name, value=value) for name, value in facts if value] + marked
