"""Two revisions of a care plan side by side, part by part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, assert_never

from caretrail.reading.listing import PatientSummary
from caretrail.reading.members import Json
from caretrail.reading.plan_comparisons import ComparedRevisions
from caretrail.reading.plan_contents import PartContents
from caretrail.web.patients_page import person_words
from caretrail.web.plan_words import (
    OWNERS,
    activity_kind,
    plan_title,
    spaced,
    target_words,
)
from caretrail.web.render import render
from caretrail.web.words import Words, date_words, plural
from domain.care_plan.parts import KINDS_OF_PARTS, Repeat
from domain.care_plan.states import PlanActivity, PlanConcern, PlanGoal, PlanRevision
from domain.ids import PatientId, StreamId
from domain.party import Party

PlanPart = PlanConcern | PlanGoal | PlanActivity

_SIGNS: Final[Mapping[str, str]] = {
    "added": "+",
    "removed": "−",  # noqa: RUF001  # a minus sign
    "changed": "~",
    "unchanged": "=",
}
_KINDS: Final = (("concern", "Concerns"), ("goal", "Goals"), ("activity", "Activities"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """One thing that a part says in a revision."""

    text: str
    differs: bool  # from the other revision
    is_quote: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedPart:
    """A part in both revisions. ``before`` and ``after`` are empty if a revision lacks it."""

    part_id: str
    kind: str
    change: str  # added, removed, changed, unchanged
    sign: str
    before: Sequence[Facet]
    after: Sequence[Facet]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartGroup:
    """The parts of one kind."""

    title: str
    parts: Sequence[ComparedPart]


def plan_page(  # what the page shows
    both: ComparedRevisions,
    contents: tuple[Mapping[str, PartContents], Mapping[str, PartContents]],
    *,
    plan: Json,
    patient: PatientId,
    person: PatientSummary | None,
    now: datetime,
    words: Words,
    frame: Mapping[str, object],
) -> str:
    """Return the page.

    Args:
        both: The revisions, and what differs.
        contents: What the parts say in the earlier and in the later revision.
        plan: How far the plan is, as the timeline has it.
        patient: The patient.
        person: Name and birth date.
        now: The present.
        words: The words of the pages.
        frame: The frame of the page.
    """
    parts = compared_parts(both, contents, words)
    counts = [(change, sum(each.change == change for each in parts)) for change in _SIGNS]
    name, about = person_words(person, now, words) if person else ("Name not stated", "")
    event = both.later.event
    return render(
        "plan.html",
        **frame,
        words=words,
        patient=patient,
        stream=StreamId(plan["stream_id"]),
        name=name,
        about=about,
        title=plan_title(plan["category"]),
        state=spaced(plan["state"]),
        earlier=both.earlier.number,
        later=both.later.number,
        last=max(both.revisions),
        revisions=[
            (number, revision_words(each, now, words)) for number, each in both.revisions.items()
        ],
        heads=(
            revision_words(both.earlier, now, words),
            revision_words(both.later, now, words),
        ),
        reason=spaced(event.reason) if event else "put in force",
        author=_party(event.author, words) if event else "",
        counts=[(f"{count} {change}", _SIGNS[change]) for change, count in counts if count],
        groups=_groups([each for each in parts if each.change != "unchanged"]),
        same=_groups([each for each in parts if each.change == "unchanged"]),
        same_count=plural(sum(each.change == "unchanged" for each in parts), "unchanged part"),
    )


def revision_words(revision: PlanRevision, now: datetime, words: Words) -> str:
    """Return when a revision was made and by which organisation."""
    when = words.near(revision.at.at, now, revision.at.precision)
    event = revision.event
    by = words.facility(event.author.organisation) if event and event.author.organisation else ""
    return ", ".join(filter(None, (when, by)))


def compared_parts(
    both: ComparedRevisions,
    contents: tuple[Mapping[str, PartContents], Mapping[str, PartContents]],
    words: Words,
) -> list[ComparedPart]:
    """Return each part of either revision, by kind and id."""
    before, after = both.earlier.parts.all(), both.later.parts.all()
    differing = {each.part_id: frozenset(each.members) for each in both.found.changed}
    changes = {
        **{each.part_id: "added" for each in both.found.added},
        **{each.part_id: "removed" for each in both.found.removed},
        **dict.fromkeys(differing, "changed"),
    }
    made = []
    for part_id in sorted({*before, *after}, key=lambda one: (one[0], int(one[1:]))):
        change = changes.get(part_id, "unchanged")
        members = differing.get(part_id, frozenset())
        whole = change in {"added", "removed"}
        sides = [
            [
                Facet(text=text, differs=whole or bool(members & names), is_quote=quoted)
                for text, names, quoted in _said(parts[part_id], said.get(part_id), words)
                if text
            ]
            if part_id in parts
            else []
            for parts, said in zip((before, after), contents, strict=True)
        ]
        made.append(
            ComparedPart(
                part_id=part_id,
                kind=KINDS_OF_PARTS[part_id[0]],
                change=change,
                sign=_SIGNS[change],
                before=sides[0],
                after=sides[1],
            )
        )
    return made


def _groups(parts: Sequence[ComparedPart]) -> list[PartGroup]:
    grouped = [
        PartGroup(title=title, parts=[each for each in parts if each.kind == kind])
        for kind, title in _KINDS
    ]
    return [each for each in grouped if each.parts]


def _said(
    part: PlanPart, contents: PartContents | None, words: Words
) -> list[tuple[str, frozenset[str], bool]]:
    """Return what a part says, with the members of the part that each text shows."""
    text = contents.text if contents else ""
    match part:
        case PlanConcern():
            code = str(contents.clinical.get("code", "")) if contents else ""
            return [
                (text, frozenset({"text"}), True),
                (code, frozenset({"code"}), False),
                ("resolved" if part.resolved else "open", frozenset({"resolved"}), False),
            ]
        case PlanGoal():
            goal = part.goal
            return [
                (text, frozenset({"words"}), True),
                (OWNERS[goal.owner], frozenset({"owner"}), False),
                (f"{goal.priority} priority", frozenset({"priority"}), False),
                (target_words(contents), frozenset({"target"}), False),
                (_day(goal.target_on), frozenset({"target_on"}), False),
                (
                    spaced(part.achievement) if part.achievement else "progress not stated",
                    frozenset({"achievement"}),
                    False,
                ),
            ]
        case PlanActivity():
            activity = part.activity
            who = "the patient" if activity.by_patient else _party(activity.responsible, words)
            return [
                (activity_kind(activity.kind), frozenset({"kind"}), False),
                (text, frozenset({"text"}), True),
                (who, frozenset({"by_patient", "responsible"}), False),
                (_day(activity.due_on), frozenset({"due_on"}), False),
                (_repeat(activity.repeat), frozenset({"repeat"}), False),
                (
                    f"for {', '.join(activity.goals)}" if activity.goals else "",
                    frozenset({"goals"}),
                    False,
                ),
                (spaced(part.status), frozenset({"status"}), False),
                (spaced(part.outcome), frozenset({"outcome"}), False),
            ]
        case _:
            assert_never(part)


def _party(party: Party, words: Words) -> str:
    organisation = words.facility(party.organisation) if party.organisation else ""
    return ", ".join(filter(None, (party.person or party.pool, organisation)))


def _day(on: date | None) -> str:
    return f"by {date_words(on, year=False)}" if on else ""


def _repeat(repeat: Repeat | None) -> str:
    if repeat is None:
        return ""
    each = f"every {repeat.unit}" if repeat.every == 1 else f"every {repeat.every} {repeat.unit}s"
    return f"{each} until {date_words(repeat.until, year=False)}" if repeat.until else each
