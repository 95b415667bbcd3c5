"""The referral board, the same as a table, and one referral."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from types import MappingProxyType
from typing import Final, get_args

from caretrail.reading.activities import ActivityEntry
from caretrail.reading.listing import PatientSummary
from caretrail.reading.members import Json
from caretrail.web.activity_lines import rest_of
from caretrail.web.command_form import command_words, verb_words
from caretrail.web.patients_page import death_words, person_words
from caretrail.web.recorded import Confirmation
from caretrail.web.render import render
from caretrail.web.words import Words, length
from caretrail.web.work_page import (
    due_day,
    due_words,
    duty_words,
    responsible_words,
    when_due,
)
from commands.command import Command
from domain.ids import PatientId
from domain.referral.states import StateWord
from projections.duty_list import ListedDuty
from projections.referral_board import MOST_COUNTED
from projections.referral_loop import ENTERED_IN_ERROR, ReferralRow
from projections.work_list import WorkItemRow

#: The columns of the board, and the states in each.
COLUMNS: Final[Sequence[tuple[str, tuple[StateWord, ...]]]] = (
    ("Requested", ("requested", "received", "returned_for_information", "information_sent")),
    ("Accepted", ("accepted",)),
    ("Scheduled", ("scheduled", "missed", "appointment_cancelled")),
    ("Outcome awaited", ("seen",)),
    ("To acknowledge", ("outcome_sent", "outcome_received")),
    ("Cancellation asked", ("cancellation_requested",)),
)
#: States in which nothing is left to do.
ENDED: Final = frozenset(
    {*get_args(StateWord), ENTERED_IN_ERROR} - {state for _, states in COLUMNS for state in states}
)
#: States in which something is left to do.
STILL_OPEN: Final = tuple(state for _, states in COLUMNS for state in states)
#: The states that the heading of their column names.
_NAMED: Final = frozenset(states[0] for _, states in COLUMNS)
_CARDS: Final = 4  # of a column, before "more"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralFilter:
    """What was chosen on the board."""

    view: str = ""  # "table", or empty: the board
    state: str = ""  # a column; empty: all
    facility: str = ""  # requester or target; empty: all
    as_of: str = ""
    known_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralLine:
    """One referral in a list. It shows no diagnosis and no reason."""

    id: str
    patient_id: str
    patient: str
    about: str
    died: str  # empty: no death is known
    title: str
    way: str
    state: str
    age: str
    urgency: str
    category: str
    note: str
    requested: str
    overdue: str  # the duty that is overdue longest; empty: none is


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardColumn:
    """One column of the board."""

    title: str
    cards: Sequence[ReferralLine]
    more: bool  # whether the column has others
    count: str


#: The step that usually comes next, by the state.
_NEXT: Final[Mapping[str, str]] = {
    "requested": "accept",
    "received": "accept",
    "information_sent": "accept",
    "returned_for_information": "send_information",
    "accepted": "schedule",
    "scheduled": "see",
    "missed": "schedule",
    "appointment_cancelled": "schedule",
    "seen": "send_outcome",
    "outcome_sent": "close",
    "outcome_received": "close",
    "cancellation_requested": "cancel",
    "declined": "close",
    "patient_declined": "close",
    "held": "resume",
    "closed": "close",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRows:
    """The referrals of a board or of a table, each list the newest request first."""

    columns: Mapping[str, Sequence[ReferralRow]]  # by title
    counts: Mapping[str, int]  # by title; more than ``MOST_COUNTED``: not counted further
    table: Sequence[ReferralRow]
    ended: Sequence[ReferralRow]
    older: str = ""  # cursor of the next page of the table; empty: there is none
    hidden: bool = False  # whether referrals of patients in the care of others are left out

    @property
    def patients(self) -> set[PatientId]:
        """The patients of all lists."""
        lists = (*self.columns.values(), self.table, self.ended)
        return {row.patient_id for rows in lists for row in rows}


def referrals_page(  # noqa: PLR0913  # what the page shows
    rows: BoardRows,
    people: Mapping[PatientId, PatientSummary],
    *,
    asked: ReferralFilter,
    late: Mapping[str, WorkItemRow],
    facilities: Sequence[str],
    own: Sequence[str],
    at: datetime,
    words: Words,
    frame: Mapping[str, object],
) -> str:
    """Return the board or the table of referrals.

    Args:
        rows: The referrals.
        people: Their patients.
        asked: What was chosen.
        late: Of each referral with overdue duties, the one that is overdue longest.
        own: The organisations that the person acts for.
        facilities: The organisations to choose from.
        at: The instant of the answer, from which ages are counted.
        words: The words of the pages.
        frame: The frame of the page.
    """
    columns = []
    for title, _ in COLUMNS:
        lines = [_line(row, people, at, words, late) for row in rows.columns.get(title, ())]
        shown = lines if asked.state == title else lines[:_CARDS]
        count = rows.counts.get(title, 0)
        columns.append(
            BoardColumn(
                title=title,
                cards=shown,
                more=count > len(shown) and asked.state != title,
                count=_counted(count),
            )
        )
    return render(
        "referrals.html",
        **frame,
        words=words,
        asked=asked,
        facilities=facilities,
        own=own,
        columns=columns,
        count=_counted(sum(rows.counts.values()), whole=max(rows.counts.values(), default=0)),
        lines=[_line(row, people, at, words, late) for row in rows.table],
        ended=[_line(row, people, at, words, late) for row in rows.ended],
        older=rows.older,
        hidden=rows.hidden,
        when=words.moment(at, year=True),
    )


def _counted(count: int, *, whole: int | None = None) -> str:
    """Return a count in words; ``whole`` is its largest part, if it is a sum."""
    if (count if whole is None else whole) <= MOST_COUNTED:
        return f"{count:,}"
    return f"more than {MOST_COUNTED:,}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PossibleStep:
    """A step that the state of a referral allows."""

    href: str
    text: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDay:
    """The entries of one day."""

    at: datetime
    entries: Sequence[ActivityEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedClocks:
    """The instants for which a page is shown, as typed. Empty: now, and all that is known."""

    as_of: str = ""
    known_at: str = ""

    @property
    def are_now(self) -> bool:
        """Whether the page shows what is so now."""
        return not (self.as_of or self.known_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralDuty:
    """One duty of a referral, done or not."""

    css: str  # over, today, later
    due: str
    title: str
    about: str


def referral_page(  # noqa: PLR0913  # what the page shows
    row: ReferralRow,
    entries: Sequence[ActivityEntry],
    person: PatientSummary | None,
    *,
    duties: Sequence[ListedDuty],
    intervals: Sequence[Json],
    steps: Sequence[type[Command]],
    clocks: TypedClocks,
    confirmed: Confirmation | None,
    at: datetime,
    words: Words,
    frame: Mapping[str, object],
) -> str:
    """Return the page of one referral.

    Args:
        row: The referral.
        entries: What happened, the earliest first.
        person: The patient.
        duties: What is or was owed.
        intervals: How long it took from each milestone to the next, as the timeline has it.
        steps: The commands that it offers; none if the page is of another instant.
        clocks: The instants as typed.
        confirmed: What a form has just recorded; None: nothing.
        at: The instant of the page.
        words: The words of the pages.
        frame: The frame of the page.
    """
    newest_first = sorted(entries, key=lambda one: (one.happened_at, one.index), reverse=True)
    days = [
        EntryDay(at=day[0].happened_at, entries=day)
        for _, found in groupby(newest_first, key=lambda one: words.local(one.happened_at).date())
        if (day := tuple(found))
    ]
    return render(
        "referral.html",
        **frame,
        words=words,
        line=_line(row, {person.patient_id: person} if person else {}, at, words),
        row=row,
        clocks=clocks,
        at=at,
        duties=[_duty(each, at, words) for each in duties],
        intervals=_intervals(intervals),
        days=days,
        rest_of=lambda entry: rest_of(entry, words),
        count=len(entries),
        stages=_stages(row, words),
        steps=[
            PossibleStep(
                href=f"/ui/streams/{row.stream_id}/record/referral/{each.VERB}",
                text=verb_words(each),
                about=command_words(each),
            )
            for each in sorted(steps, key=lambda each: _NEXT.get(row.state) != each.VERB)
        ],
        confirmed=confirmed,
    )


def _duty(row: ListedDuty, at: datetime, words: Words) -> ReferralDuty:
    late = row.done_at is not None and row.done_at > row.in_time_until
    if row.done_at is not None:
        css, due = "later", f"done {words.near(row.done_at, at)}"
    else:
        css = when_due(row, at)
        due = due_words(row, at, css)
    about = (
        f"due {due_day(row, words)}",
        f"late by {length(row.done_at - row.in_time_until)}" if late and row.done_at else "",
        row.source,
        f"protocol {row.rule_version[:8]}",
        responsible_words(row, words),
    )
    return ReferralDuty(
        css=css,
        due=due,
        title=duty_words(row.duty).removeprefix("Referral: "),
        about=" · ".join(filter(None, about)),
    )


def _intervals(intervals: Sequence[Json]) -> list[tuple[str, str]]:
    """Return (from what to what, how long) of each interval. One that goes on has no length."""
    return [
        (
            f"{each['since']} to {each['milestone']}".replace("_", " ").capitalize(),
            "not yet"
            if each["seconds"] is None
            else length(timedelta(seconds=each["seconds"]))
            if each["seconds"] >= 0
            else "recorded in the other order",
        )
        for each in intervals
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopStep:
    """One step of the loop: when it was done; empty: not yet."""

    title: str
    at: str
    interval: str  # until the next step that was done


def _stages(row: ReferralRow, words: Words) -> list[LoopStep]:
    stated = (
        ("Requested", row.requested_at, row.requested_precision),
        ("Accepted", row.accepted_at, row.accepted_precision),
        ("Outcome received", row.outcome_at, row.outcome_precision),
        ("Acknowledged", row.closed_at, row.closed_precision),
    )
    made = []
    for number, (title, at, precision) in enumerate(stated):
        later = next(((t, p) for _, t, p in stated[number + 1 :] if t is not None), None)
        interval = ""
        if at is not None and later is not None and later[0] is not None:
            interval = words.length(at, later[0], precision or "second", later[1] or "second")
        made.append(
            LoopStep(
                title=title,
                at=words.moment(at, precision or "second") if at else "",
                interval=interval,
            )
        )
    return made


def _line(
    row: ReferralRow,
    people: Mapping[PatientId, PatientSummary],
    at: datetime,
    words: Words,
    late: Mapping[str, WorkItemRow] = MappingProxyType({}),
) -> ReferralLine:
    person = people.get(row.patient_id)
    name, about = person_words(person, at, words) if person else ("Name not stated", "")
    target = row.target_organisation or row.target_pool
    return ReferralLine(
        id=row.stream_id,
        patient_id=row.patient_id,
        patient=name,
        about=about,
        died=death_words(person, at, words) if person else "",
        title=referral_title(row),
        way=f"{words.facility(row.requester_organisation)} → {words.facility(target)}",
        state=row.state.replace("_", " "),
        age=length(at - row.requested_at),
        urgency=row.urgency,
        category="" if row.category == "clinical" else row.category.replace("_", " "),
        note="" if row.state in _NAMED else row.state.replace("_", " "),
        requested=words.moment(row.requested_at, row.requested_precision),
        overdue=due_words(late[row.stream_id], at, "over") if row.stream_id in late else "",
    )


def referral_title(row: ReferralRow) -> str:
    """Return what a referral asks for."""
    asked_for = row.service or row.specialty
    return asked_for.replace("_", " ").replace("-", " ").capitalize() if asked_for else "Referral"
