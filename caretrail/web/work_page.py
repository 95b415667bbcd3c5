"""The work list: what is owed to patients, grouped by person, the most pressing first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, assert_never
from urllib.parse import quote

from caretrail.reading.listing import PatientSummary
from caretrail.reading.work import WorkList, due_today
from caretrail.web.deeds import DeedLink, deed_links
from caretrail.web.patients_page import person_words
from caretrail.web.recorded import Confirmation
from caretrail.web.render import render
from caretrail.web.words import Words, date_words, length
from domain.ids import PatientId
from domain.work import (
    WorkAssigned,
    WorkClaimed,
    WorkEnteredInError,
    WorkFact,
    WorkReleased,
    WorkSnoozed,
)
from projections.duty_list import ListedDuty
from projections.work_list import WorkItemRow

#: Kind of stream -> its words as a filter.
KINDS: Final[Mapping[str, str]] = {
    "referral": "Referrals",
    "transition": "After discharge",
    "care_plan": "Care plans",
    "medication_list": "Medications",
    "care_team": "Care teams",
}
#: Code of a duty, as protocols name it -> what is owed.
_DUTIES: Final[Mapping[str, str]] = {
    "referral.acknowledge": "Referral: answer the request",
    "referral.appointment": "Referral: make an appointment",
    "referral.seen": "Referral: the visit is to be held",
    "referral.outcome": "Referral: send the outcome",
    "referral.tell_patient": "Referral: tell the patient",
    "referral.refusal": "Referral: read the refusal",
    "referral.missed": "Referral: call the patient after a missed visit",
    "referral.information": "Referral: answer the question of the target",
    "referral.cancellation": "Referral: answer the cancellation",
    "referral.duplicate": "Referral: decide on the likely duplicate",
    "referral.expires": "Referral: it expires",
    "care_plan.review": "Care plan: review it",
    "care_plan.activity": "Care plan: an activity is due",
    "care_plan.goal_worsening": "Care plan: a goal is worsening",
    "medication_list.discrepancy": "Medications: resolve a discrepancy",
    "care_team.handover": "Care team: answer the handover",
    "transition.information": "After discharge: send the discharge information",
    "transition.contact": "After discharge: call the patient",
    "transition.medications": "After discharge: reconcile the medications",
    "transition.visit": "After discharge: see the patient",
    "transition.missed_visit": "After discharge: call the patient after a missed visit",
    "transition.visit_offered": "After discharge: offer a visit",
    "transition.pending_results": "After discharge: assign results that are pending",
    "transition.referrals": "After discharge: check the referrals",
    "transition.education": "After discharge: check what the patient understood",
    "transition.equipment": "After discharge: check the equipment",
    "transition.first_visit": "After discharge: first visit at home",
    "transition.first_assessment": "After discharge: first assessment by the hospice",
    "transition.transfer_information": "Transfer: send the information along",
    "transition.medication_list": "Transfer: send the list of medications",
    "transition.arrival": "Transfer: confirm the arrival",
    "transition.baseline_plan": "Transfer: baseline plan of the facility",
    "transition.risk_told": "Left against advice: tell the patient the risk",
}
_TRACK: Final = 98.0  # units of the small line


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkForm:
    """What was chosen on the work list."""

    whose: str = ""  # "mine", "all", or empty: what the person's organisations owe
    kind: str = ""
    facility: str = ""
    older: bool = False
    waiting: bool = False
    as_of: str = ""
    known_at: str = ""
    cursor: str = ""  # of the page; empty: the first

    @property
    def address(self) -> str:
        """The address of this page of the list."""
        return self.query(after=self.cursor)

    def query(self, **changed: str) -> str:
        """Return the address of the list with other choices."""
        names = {
            "whose": self.whose,
            "kind": self.kind,
            "facility": self.facility,
            "older": "yes" if self.older else "",
            "waiting": "yes" if self.waiting else "",
            "as_of": self.as_of,
            "known_at": self.known_at,
            **changed,
        }
        return "/ui/work?" + "&".join(
            f"{name}={quote(text)}" for name, text in names.items() if text
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """Who acts on the items of the page."""

    person: str
    organisations: Sequence[str]
    key: Callable[[], str]  # returns a new idempotency key


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkLine:
    """One item of the list."""

    item: str
    title: str
    href: str  # of what it is about; empty: the patient
    due: str
    due_day: str
    css: str
    here: float  # where now is on the small line
    end: float  # where the due time is
    why: str
    responsible: str
    at_it: str  # who claimed it, and until when
    mine: bool
    waits: str
    deeds: Sequence[DeedLink]  # the forms that do it
    by: str  # the organisation for which the person claims it
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkGroup:
    """The items of one person."""

    patient_id: str
    name: str
    about: str
    lines: Sequence[WorkLine]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkSection:
    """The persons whose most pressing item is overdue, due today, or due later."""

    title: str
    css: str
    groups: Sequence[WorkGroup]


def work_page(  # what the page shows
    listed: WorkList,
    people: Mapping[PatientId, PatientSummary],
    *,
    asked: WorkForm,
    acting: Acting,
    words: Words,
    frame: Mapping[str, object],
    confirmed: Confirmation | None = None,
) -> str:
    """Return a page of the work list. ``confirmed``: what the person has just recorded."""
    sections: dict[str, list[WorkGroup]] = {"over": [], "today": [], "later": []}
    for each in listed.people:
        person = people.get(each.patient_id)
        name, about = person_words(person, listed.at, words) if person else ("Not known", "")
        lines = [_line(item, listed.at, acting, words, asked.address) for item in each.items]
        group = WorkGroup(patient_id=each.patient_id, name=name, about=about, lines=lines)
        sections[when_due(each.items[0], listed.at)].append(group)
    items = [item for each in listed.people for item in each.items]
    titles = {"over": "Overdue", "today": "Due today", "later": "Later"}
    return render(
        "work.html",
        **frame,
        words=words,
        asked=asked,
        kinds=KINDS,
        parts=[
            WorkSection(title=titles[css], css=css, groups=groups)
            for css, groups in sections.items()
            if groups
        ],
        counts={css: sum(when_due(item, listed.at) == css for item in items) for css in titles},
        at=listed.at,
        index=listed.known.index,
        backlog_days=listed.backlog_days,
        acting=acting,
        filtered=bool(asked.kind or asked.facility)
        or asked.whose == "mine"
        or (asked.whose != "all" and bool(acting.organisations)),
        after=asked.query(after=listed.cursor) if listed.cursor else "",
        confirmed=confirmed,
    )


def duty_words(code: str) -> str:
    """Return what a duty asks for: the words of its code, else the last part of the code."""
    wider = code
    while wider:
        if wider in _DUTIES:
            return _DUTIES[wider]
        wider = wider.rpartition(".")[0]
    return code.rpartition(".")[2].replace("_", " ").capitalize()


def work_words(event: WorkFact, words: Words, at: datetime) -> str:
    """Return what a person has just recorded about the work on a duty."""
    match event:
        case WorkClaimed():
            said = f"Claimed until {words.near(event.until, at)}"
        case WorkReleased():
            said = "Given back"
        case WorkSnoozed():
            said = f"Snoozed until {words.near(event.until, at)}"
        case WorkAssigned():
            to = event.to.person or event.to.pool or words.facility(event.to.organisation)
            said = f"Assigned to {to}"
        case WorkEnteredInError():
            return "Marked as entered in error"
        case _:
            assert_never(event)
    return f"{said}: {duty_words(event.duty)}"


def item_words(item: WorkItemRow) -> str:
    """Return what an item asks for, and what it concerns if that is stated."""
    concerns = item.concerns.replace("_", " ").replace("-", " ")
    return f"{duty_words(item.duty)} ({concerns})" if concerns else duty_words(item.duty)


def when_due(item: WorkItemRow | ListedDuty, at: datetime) -> str:
    """Return when an item is due: ``over``, ``today`` in the zone of its facility, or ``later``."""
    if at > item.in_time_until:
        return "over"
    return "today" if due_today(item, at) else "later"


def _line(item: WorkItemRow, at: datetime, acting: Acting, words: Words, address: str) -> WorkLine:
    css = when_due(item, at)
    whole = max(at, item.in_time_until) - item.opened_at
    claimed = item.claimed_until is not None and at < item.claimed_until
    own, responsible = acting.organisations, item.responsible_organisation
    return WorkLine(
        item=item.item_id,
        title=item_words(item),
        href=item_href(item),
        due=due_words(item, at, css),
        due_day=due_day(item, words),
        css=css,
        here=_share(at - item.opened_at, whole),
        end=_share(item.in_time_until - item.opened_at, whole),
        why=f"{item.source}; protocol {item.rule_version[:8]}",
        responsible=responsible_words(item, words),
        at_it=claim_words(item, at, words),
        mine=claimed and item.claimed_person == acting.person,
        waits=f"waits until {words.near(item.snoozed_until, at)}"
        if item.snoozed_until and at < item.snoozed_until
        else "",
        deeds=deed_links(item, page=item_href(item), back=address),
        by=responsible if responsible in own else (own[0] if own else responsible),
        key=acting.key(),
    )


def due_day(item: WorkItemRow | ListedDuty, words: Words) -> str:
    """Return the day or the time at which an item is due."""
    if item.due_on:
        return date_words(date.fromisoformat(item.due_on), year=False)
    return words.moment(item.in_time_until)


def item_href(item: WorkItemRow) -> str:
    """Return the address of what an item is about; empty: it has no page of its own."""
    patient = f"/ui/patients/{item.patient_id}"
    match item.kind:
        case "referral":
            return f"/ui/referrals/{item.about}"
        case "care_plan":
            return f"{patient}#plan-{item.about}"
        case "medication_list":
            return f"{patient}#medications"
        case "care_team":
            return f"{patient}#team"
        case _:
            return ""


def responsible_words(item: WorkItemRow | ListedDuty, words: Words) -> str:
    """Return who owes an item."""
    organisation = item.responsible_organisation
    parts = (
        item.responsible_person or item.responsible_pool,
        words.facility(organisation) if organisation else "",
    )
    return ", ".join(filter(None, parts)) or "not stated"


def claim_words(item: WorkItemRow, at: datetime, words: Words) -> str:
    """Return who is at an item, and until when; empty: it is not claimed."""
    if item.claimed_until is None or at >= item.claimed_until:
        return ""
    claimer = item.claimed_person or item.claimed_pool or item.claimed_organisation
    return f"{claimer}, until {words.near(item.claimed_until, at)}"


def due_words(item: WorkItemRow | ListedDuty, at: datetime, css: str) -> str:
    """Return ``overdue 6 h``, ``due today`` or ``due in 3 d``."""
    if css == "over":
        return f"overdue {length(at - item.in_time_until)}"
    if css == "today":
        return "due today"
    return f"due in {length(item.in_time_until - at)}"


def _share(part: timedelta, whole: timedelta) -> float:
    """Return a place on the small line, which is 104 units wide."""
    if whole <= timedelta():
        return 2.0
    return 2.0 + _TRACK * max(0.0, min(1.0, part / whole))
