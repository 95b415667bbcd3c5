"""The duties that are owed, and the work list: the open duties with who is at them.

The rows hold what the facts say. Whether a duty is overdue, a claim holds or an item waits is
decided when the rows are read, from the instant that is asked for.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from domain.decider import StreamEvent
from domain.duties import in_time_until
from domain.party import Party
from domain.work import (
    ItemId,
    Work,
    WorkEvent,
    WorkFact,
    WorkHistory,
    fold_streams,
    item_id,
)
from projections.duties import SOURCES, CollectedDuty, DutySource, collected_duties
from projections.engine.columns import COMPONENT, MODE, PATIENT
from projections.engine.course import Course
from projections.engine.projection import ByCourse, Projection
from projections.engine.services import Services
from projections.engine.table import Column, Row, Table
from projections.engine.views import PRODUCTION, TableView

_RECORD: Final = Column(
    "record_id", "text", "Source record of the patient who has a right to it.", required=True
)
_OWED: Final = (
    Column("kind", "text", "Kind of stream that it is about: referral, ...", required=True),
    Column(
        "about",
        "text",
        "The stream that it is about; for a transition, its encounter, care.encounter.",
        required=True,
    ),
    Column("duty", "text", "Code of the duty, as protocols name it.", required=True),
    Column(
        "part",
        "text",
        "The part of the stream, such as an activity of a plan; empty: the whole.",
        required=True,
    ),
    Column(
        "concerns",
        "text",
        "What it concerns, as a code: the service or specialty of a referral, the kind of an"
        " activity; empty: not stated, or sealed.",
        required=True,
    ),
    Column("encounter_id", "text", "Encounter of a transition; null: another kind."),
    Column("opened_at", "timestamptz", "When the duty began.", required=True),
    Column("due_at", "timestamptz", "When it is due; null: it is due on a day."),
    Column("due_on", "text", "Local day on which it is due, ISO 8601; null: at a time."),
    Column("zone", "text", "IANA zone of that day.", required=True),
    Column(
        "in_time_until",
        "timestamptz",
        "The last instant at which it is not overdue: due_at, or the end of due_on.",
        required=True,
    ),
    Column("source", "text", "Publication that gives the time, or why.", required=True),
    Column("rule_version", "text", "Version of the protocol.", required=True),
    Column("is_urgent", "boolean", "Whether it comes before other duties.", required=True),
)
_RESPONSIBLE: Final = (
    Column("responsible_organisation", "text", "Who owes it; empty: not stated.", required=True),
    Column("responsible_person", "text", "Code; empty: not stated.", required=True),
    Column("responsible_pool", "text", "Code; empty: not a pool.", required=True),
)

DUTY: Final = Table(
    "duty",
    "One row per duty that is or was owed to a patient, without those of the dead.",
    (
        *_OWED,
        Column("done_at", "timestamptz", "When the work was done; null: not yet."),
        *_RESPONSIBLE,
        PATIENT,
        _RECORD,
        MODE,
        COMPONENT,
    ),
    key=("about", "duty", "part", "opened_at"),
    indexes=(("component",), ("patient_id",)),
)

WORK_ITEM: Final = Table(
    "work_item",
    "One row per item of the work list: a duty whose work is not done.",
    (
        Column("item_id", "text", "The item: what, which duty, and when it is due.", required=True),
        *_OWED,
        *_RESPONSIBLE,
        Column(
            "is_assigned",
            "boolean",
            "Whether a person named the responsible party, instead of the duty.",
            required=True,
        ),
        Column("claimed_organisation", "text", "Who claimed it last; null: not claimed."),
        Column("claimed_person", "text", "Code; empty: not stated; null: not claimed."),
        Column("claimed_pool", "text", "Code; empty: not a pool; null: not claimed."),
        Column("claimed_until", "timestamptz", "The claim holds until then; null: not claimed."),
        Column("snoozed_until", "timestamptz", "It waits until then; null: it does not wait."),
        Column("snooze_reason", "text", "Why it waits, as a code; null: it does not wait."),
        PATIENT,
        _RECORD,
        MODE,
        COMPONENT,
    ),
    key=("item_id",),
    indexes=(
        ("component",),
        ("patient_id",),
        ("is_urgent", "in_time_until", "item_id"),
        ("responsible_organisation", "is_urgent", "in_time_until", "item_id"),
    ),
)


def rows(course: Course, services: Services) -> dict[str, list[Row]]:  # noqa: ARG001
    """Return the rows of a component."""
    return rows_from(course, SOURCES)


def rows_from(course: Course, sources: Iterable[DutySource]) -> dict[str, list[Row]]:
    """Return the rows of the duties that ``sources`` yield."""
    collected = list(collected_duties(course, sources))
    work = _work_streams(course)
    items: dict[ItemId, Row] = {}
    for each in collected:
        if each.owed.duty.done_at is None:
            item, row = _item(course, each, work)
            items.setdefault(item, row)  # two with one due time are one piece of work
    return {
        DUTY.name: [_duty(course, each) for each in collected],
        WORK_ITEM.name: list(items.values()),
    }


def _duty(course: Course, one: CollectedDuty) -> Row:
    return (
        *_owed(one),
        one.owed.duty.done_at,
        *_party(one.owed.duty.responsible),
        one.patient_id,
        one.owed.record,
        one.owed.mode,
        course.component,
    )


def _item(
    course: Course, one: CollectedDuty, streams: Mapping["_WorkKey", Sequence[WorkHistory]]
) -> tuple[ItemId, Row]:
    owed = one.owed.duty
    work = fold_streams(streams.get(_WorkKey(one.about, owed.code, owed.part), ()))
    item = item_id(owed, one.about)
    return item, (
        item,
        *_owed(one),
        *_party(work.assignment.to if work.assignment else owed.responsible),
        work.assignment is not None,
        *_claim(work),
        work.snooze.until if work.snooze else None,
        work.snooze.reason if work.snooze else None,
        one.patient_id,
        one.owed.record,
        one.owed.mode,
        course.component,
    )


def _owed(one: CollectedDuty) -> Row:
    owed = one.owed.duty
    return (
        one.owed.kind,
        one.about,
        owed.code,
        owed.part,
        one.owed.concerns,
        one.encounter_id,
        owed.opened_at,
        owed.due_at,
        None if owed.due_on is None else owed.due_on.isoformat(),
        owed.zone,
        in_time_until(owed),
        owed.source,
        owed.rule_version,
        owed.urgent,
    )


def _claim(work: Work) -> Row:
    if work.claim is None:
        return (None,) * 4
    return (*_party(work.claim.by), work.claim.until)


def _party(party: Party) -> tuple[str, str, str]:
    return party.organisation, party.person, party.pool


class _WorkKey(NamedTuple):
    """What the streams of the work on one duty have in common."""

    about: str  # the stream; for a transition, the encounter
    duty: str
    part: str


def _work_streams(course: Course) -> dict[_WorkKey, list[WorkHistory]]:
    """Return the streams of work by duty. Those of one encounter are together."""
    found: dict[_WorkKey, list[WorkHistory]] = {}
    for _, events in sorted(course.streams.items()):
        facts = [each.core for each in events if isinstance(each.core, WorkEvent)]
        if not facts:
            continue
        first = facts[0]
        about = course.encounter_of(first.anchor) or first.about
        history = [
            StreamEvent(each.event_id, each.version, each.core)
            for each in events
            if isinstance(each.core, WorkFact)
        ]
        found.setdefault(_WorkKey(about, first.duty, first.part), []).append(history)
    return found


PROJECTION: Final = Projection(
    name="work",
    version=6,
    tables=(DUTY, WORK_ITEM),
    fold=ByCourse(rows=rows),
    views=(
        TableView("duty", DUTY, PRODUCTION),
        TableView("work_item", WORK_ITEM, PRODUCTION),
    ),
)
