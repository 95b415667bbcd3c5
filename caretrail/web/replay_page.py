"""The replay of one patient: each event with what it changed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from caretrail.reading.listing import PatientSummary
from caretrail.reading.patient import PatientReading
from caretrail.reading.replay import PartChange
from caretrail.web.change_words import change_sentence
from caretrail.web.clocks import Learning, clocks
from caretrail.web.patients_page import person_words
from caretrail.web.picture import Scene, draw, legend_of
from caretrail.web.plan_section import drawn_revisions
from caretrail.web.purposes import purpose_words
from caretrail.web.referral_arrows import DrawnReferral
from caretrail.web.render import render
from caretrail.web.shapes import Picture
from caretrail.web.table import places_without_stay
from caretrail.web.words import Words, length
from domain.ids import PatientId, RecordId
from projections.audit_trail import EventRow

_AROUND: Final = 12  # events that the log shows
_SIGNS: Final[Mapping[str, str]] = {"added": "+", "removed": "−", "changed": "~"}  # noqa: RUF001  # a minus sign


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayLine:
    """One event of the log."""

    number: int
    index: int
    event_id: str
    what: str
    happened: str
    recorded: str
    learned: str  # empty: when it was recorded
    late: str
    who: str
    here: bool
    after: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownChange:
    """One change in words."""

    sign: str
    kind: str  # added, removed or changed
    text: str


def replay_page(  # noqa: PLR0913  # what the page shows
    events: Sequence[EventRow],
    *,
    step: int,
    then: PatientReading | None,
    referrals: Sequence[DrawnReferral],
    changes: Sequence[PartChange],
    since: int | None,
    patient: PatientId,
    person: PatientSummary | None,
    now: datetime,
    learning: Learning,
    words: Words,
    frame: Mapping[str, object],
) -> str:
    """Return the page.

    Args:
        events: The events that name the patient, in the order in which they were recorded.
        step: The number of the event that is shown, from 1.
        then: The patient as known at this event, as of when it became known; None: nothing of the
            patient had happened by then.
        referrals: The referrals of this patient, as known and as of then.
        changes: What it changed, or what changed since another moment.
        since: The index of that other moment; None: the event before.
        patient: The patient.
        person: Name and birth date.
        now: The present.
        learning: When the events became known.
        words: The words of the pages.
        frame: The frame of the page.
    """
    picture = _drawn(then, referrals, learning.at(events[step - 1]), words) if then else None
    name, about = person_words(person, now, words) if person else ("Name not stated", "")
    first = max(0, min(step - 1 - _AROUND // 2, len(events) - _AROUND))
    around = range(first, min(first + _AROUND, len(events)))
    return render(
        "replay.html",
        **frame,
        words=words,
        patient=patient,
        name=name,
        about=about,
        step=step,
        count=len(events),
        here=_line(events[step - 1], step, step, words, learning),
        previous=events[step - 2].source_position if step > 1 else None,
        next=events[step].source_position if step < len(events) else None,
        next_late=next(
            (each.source_position for each in events[step:] if learning.behind(each)), None
        ),
        first=events[0].source_position,
        last=events[-1].source_position,
        since=since,
        clocks=clocks(events, step=step, words=words, learning=learning),
        as_of=words.moment(learning.at(events[step - 1]), year=True),
        picture=picture,
        patient_then=then.patient.patient_id if then else patient,
        apart=bool(then and _of_records(events[:step]) - {*then.patient.records}),
        legend=legend_of(picture),
        changes=[
            ShownChange(sign=_SIGNS[each.change], kind=each.change, text=text)
            for each in changes
            if (text := change_sentence(each, words))
        ],
        log=[_line(events[number], number + 1, step, words, learning) for number in around],
    )


def _drawn(
    then: PatientReading, referrals: Sequence[DrawnReferral], at: datetime, words: Words
) -> Picture | None:
    """Return the picture of the patient as known at an event, as of when it became known."""
    page = f"/ui/patients/{then.patient.patient_id}?known_at={then.known.index}&since=all"
    scene = Scene(
        as_of=at,
        now=False,
        words=words,
        href=lambda encounter: f"{page}#evidence-{encounter}",
        earlier_href=page,
        label=then.label,
        places=places_without_stay(then),
        referrals=referrals,
        revisions=drawn_revisions(then),
        transitions=then.transitions,
    )
    return draw(then.patient, scene)


def _of_records(events: Iterable[EventRow]) -> set[RecordId]:
    """Return the source records of the statements among some events."""
    return {each.record_id for each in events if each.statement_ref is not None}


def _line(event: EventRow, number: int, step: int, words: Words, learning: Learning) -> ReplayLine:
    behind, learned = learning.behind(event), learning.at(event)
    who = [event.actor_subject or event.sender or "", event.actor_role or ""]
    if event.actor_purpose:
        who.append(f"for {purpose_words(event.actor_purpose)}")
    return ReplayLine(
        number=number,
        index=event.source_position,
        event_id=event.event_id,
        what=event.topic.rpartition(".")[0].replace(".", ": ").replace("_", " ").capitalize(),
        happened=words.moment(event.happened_at, event.happened_precision or "second", year=True)
        if event.happened_at
        else "not stated",
        recorded=words.moment(event.recorded_at, year=True),
        learned="" if learned == event.recorded_at else words.moment(learned, year=True),
        late=f"{length(behind)} later" if behind else "",
        who=", ".join(filter(None, who)),
        here=number == step,
        after=number > step,
    )
