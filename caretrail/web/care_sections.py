"""The sections beside the timeline: open items, team, plans, medications, referrals."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from caretrail.reading.care import CURRENT, CareReading
from caretrail.reading.members import Json
from caretrail.reading.opening import full_name
from caretrail.reading.patient import PatientReading
from caretrail.reading.plan_contents import PartContents
from caretrail.web.plan_words import (
    OWNERS,
    activity_kind,
    day_words,
    part_words,
    party_words,
    plan_title,
    spaced,
    target_words,
)
from caretrail.web.referral_arrows import DrawnReferral, DrawnRevision
from caretrail.web.referral_pages import ENDED
from caretrail.web.words import Words, plural
from caretrail.web.work_page import (
    claim_words,
    due_day,
    due_words,
    item_href,
    item_words,
    responsible_words,
    when_due,
)
from domain.ids import StreamId
from domain.interpretation import ROLE_WORDS
from projections.referral_loop import ENTERED_IN_ERROR

#: Statuses of an activity after which it is struck from what is to do.
_OVER: Final = frozenset({"completed", "cancelled", "stopped"})
_SCOPES: Final[Mapping[str, str]] = {
    "all": "Responsible now",
    "transition": "Responsible for the transition",
}
_LIST_SOURCES: Final[Mapping[str, str]] = {
    "home": "at home",
    "hospital": "in hospital",
    "discharge": "at discharge",
    "pharmacy": "of the pharmacy",
    "patient": "of the patient",
}
_ATTRIBUTED: Final[Mapping[str, str]] = {
    "command": "recorded",
    "roster": "by a roster",
    "pd1": "stated by a hospital",
    "in1": "stated by a hospital",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenItem:
    """What is owed to the patient."""

    css: str  # over, today, later
    due: str
    title: str
    href: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamLine:
    """A person or an organisation that takes care of the patient."""

    label: str
    name: str
    note: str
    lead: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownActivity:
    """One activity of a plan."""

    icon: str
    text: str
    due: str
    over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGoal:
    """A goal with the activities that serve it. Without ``about``: activities without a goal."""

    text: str
    about: str
    activities: Sequence[ShownActivity]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPlan:
    """One current plan."""

    stream: str
    title: str
    state: str  # empty: it is in force
    about: str
    concerns: Sequence[str]
    goals: Sequence[ShownGoal]
    foot: str
    in_force: bool  # or was: it has revisions
    actions: Sequence[tuple[str, str]]  # address, text


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralState:
    """One referral and how far it is."""

    href: str
    title: str
    state: str
    about: str
    overdue: str  # empty: nothing is overdue


@dataclass(frozen=True, slots=True, kw_only=True)
class CareSections:
    """All sections."""

    items: Sequence[OpenItem]
    overdue: int
    team: Sequence[TeamLine]
    before: Sequence[TeamLine]
    plans: Sequence[ShownPlan]
    ended_plans: int
    medications: Sequence[str]
    medication_list: str  # its stream; empty: no list is recorded
    referrals: Sequence[ReferralState]
    ended_referrals: Sequence[ReferralState]


def care_sections(reading: PatientReading, care: CareReading, words: Words) -> CareSections:
    """Return what the sections show."""
    streams = reading.activities.streams
    plans = streams["care_plan"]
    referrals = [_referral(each, care, words) for each in reversed(streams["referral"])]
    ended = {f"/ui/referrals/{each['stream_id']}" for each in streams["referral"] if _ended(each)}
    team = _team(streams["care_team"], care, words)
    medications = streams["medication_list"]
    return CareSections(
        items=_items(care, words),
        overdue=sum(care.at > each.in_time_until for each in care.items),
        team=[*team.now, *_stated(care, words), *_attributed(care, words)],
        before=team.before,
        plans=[_plan(each, care, words) for each in reversed(plans) if each["state"] in CURRENT],
        ended_plans=sum(each["state"] not in CURRENT for each in plans),
        medications=[line for each in medications for line in _medications(each, care.at, words)],
        medication_list=next((each["stream_id"] for each in medications), ""),
        referrals=[each for each in referrals if each.href not in ended],
        ended_referrals=[each for each in referrals if each.href in ended],
    )


def _items(care: CareReading, words: Words) -> list[OpenItem]:
    made = []
    for item in care.items:
        css = when_due(item, care.at)
        claimed = claim_words(item, care.at, words)
        waits = item.snoozed_until is not None and care.at < item.snoozed_until
        about = (
            f"due {due_day(item, words)}",
            item.source,
            responsible_words(item, words),
            f"claimed by {claimed}" if claimed else "",
            f"waits until {words.near(item.snoozed_until, care.at)}"
            if waits and item.snoozed_until
            else "",
        )
        made.append(
            OpenItem(
                css=css,
                due=due_words(item, care.at, css),
                title=item_words(item),
                href=item_href(item),
                about=" · ".join(filter(None, about)),
            )
        )
    return made


@dataclass(frozen=True, slots=True)
class _Team:
    now: list[TeamLine]
    before: list[TeamLine]


def _team(teams: Iterable[Json], care: CareReading, words: Words) -> _Team:
    """Return the team as people recorded it: who is responsible first, then the members."""
    now: list[TeamLine] = []
    before: list[TeamLine] = []
    for team in teams:
        roles = {each["member"]: each for each in team["members"]}
        for each in team["coordinators"]:
            label = _SCOPES.get(each["scope"]) or f"Responsible for {spaced(each['programme'])}"
            line = TeamLine(
                label=label if each["until"] is None else "Responsible",
                name=_member_name(roles.get(each["member"], each), words),
                note=_period(each, care.at, words),
                lead=each["until"] is None,
            )
            (now if each["until"] is None else before).append(line)
        for each in team["handovers"]:
            if each["state"] == "open":
                offered = words.near(_at(each["offered_at"]), care.at, each["offered_precision"])
                now.append(
                    TeamLine(
                        label="Handover offered",
                        name=f"{each['from_member']} to {each['to_member']}",
                        note=f"{offered}, not answered; responsible until then: the first",
                    )
                )
        for each in team["members"]:
            line = TeamLine(
                label=spaced(each["role"]).capitalize(),
                name=_member_name(each, words),
                note=_period(each, care.at, words),
            )
            (now if each["until"] is None else before).append(line)
    return _Team(now, before)


def _member_name(member: Json, words: Words) -> str:
    organisation = member.get("organisation")
    parts = (member["member"], words.facility(organisation) if organisation else "")
    return ", ".join(dict.fromkeys(filter(None, parts)))


def _period(each: Json, at: datetime, words: Words) -> str:
    since = words.near(_at(each["since"]), at, each["since_precision"])
    if each["until"] is None:
        return f"since {since}"
    return f"{since} to {words.near(_at(each['until']), at, each['until_precision'])}"


def _stated(care: CareReading, words: Words) -> list[TeamLine]:
    """Return the practitioners that hospitals state, with the names that open."""
    made = []
    for each in care.stated:
        member = each.member
        name = full_name([each.named.name]) if each.named else ""
        role = ROLE_WORDS.get(member.role)
        since = (
            f", since {words.near(member.since, care.at, member.since_precision)}"
            if member.since
            else ""
        )
        made.append(
            TeamLine(
                label=spaced(role).capitalize() if role else f"Role {member.role}",
                name=f"{name or 'name not stated'}, {words.facility(member.facility)}",
                note=f"stated by the hospital{since}",
            )
        )
    return made


def _attributed(care: CareReading, words: Words) -> list[TeamLine]:
    """Return the attributions in force. The first of each kind is the one that counts."""
    return [
        TeamLine(
            label=f"{spaced(each.target_kind).capitalize()}, attributed",
            name=words.facility(each.target),
            note=f"{'wish of the person' if each.own_wish else _ATTRIBUTED[each.source]},"
            f" since {words.near(each.since, care.at, each.since_precision)}",
        )
        for each in care.attributions
    ]


def _plan(plan: Json, care: CareReading, words: Words) -> ShownPlan:
    stream = StreamId(plan["stream_id"])
    said = care.contents.get(stream, {})
    today = words.local(care.at).date().isoformat()
    served = {goal for each in plan["activities"] for goal in each["goals"]}
    goals = [
        ShownGoal(
            text=part_words(said.get(each["goal_id"])),
            about=_goal_about(each, said),
            activities=[
                _activity(one, said, today, words)
                for one in plan["activities"]
                if each["goal_id"] in one["goals"]
            ],
        )
        for each in plan["goals"]
        if not each["resolved"] or each["goal_id"] in served
    ]
    alone = [_activity(one, said, today, words) for one in plan["activities"] if not one["goals"]]
    if alone:
        goals.append(ShownGoal(text="", about="", activities=alone))
    state = plan["state"]
    in_force = plan["activated_at"] is not None
    since = words.near(
        _at(plan["activated_at"] or plan["drafted_at"]),
        care.at,
        plan["activated_precision"] or plan["drafted_precision"],
    )
    about = (
        f"in force since {since}" if in_force else f"begun {since}",
        f"revision {plan['revision']}" if plan["revision"] else "",
        party_words(plan["responsible"], words),
    )
    return ShownPlan(
        stream=stream,
        title=plan_title(plan["category"]),
        state="" if state == "active" else state,
        about=", ".join(filter(None, about)),
        concerns=[
            part_words(said.get(each["concern_id"])) or each["concern_id"]
            for each in plan["concerns"]
            if not each["resolved"]
        ],
        goals=goals,
        foot=f"Next review by {day_words(plan['next_review_on'])}"
        if plan["next_review_on"]
        else "No day of the next review is stated",
        in_force=in_force,
        actions=_plan_actions(stream, state),
    )


def _plan_actions(stream: StreamId, state: str) -> list[tuple[str, str]]:
    verbs = {
        "draft": (
            ("set_goal", "Add a goal"),
            ("add_activity", "Add an activity"),
            ("activate", "Put it in force"),
        ),
        "active": (
            ("revise", "Revise"),
            ("progress_goal", "Progress of a goal"),
            ("progress_activity", "Progress of an activity"),
            ("review", "Record a review"),
        ),
        "held": (("resume", "Resume"),),
    }
    return [
        (f"/ui/streams/{stream}/record/care_plan/{verb}", text)
        for verb, text in verbs.get(state, ())
    ]


def _goal_about(goal: Json, said: Mapping[str, PartContents]) -> str:
    parts = (
        OWNERS[goal["owner"]],
        target_words(said.get(goal["goal_id"])),
        f"by {day_words(goal['target_on'])}" if goal["target_on"] else "",
        spaced(goal["achievement"]) if goal["achievement"] else "progress not stated",
    )
    about = ", ".join(filter(None, parts))
    return f"{about[:1].upper()}{about[1:]}, {goal['goal_id']}"


def _activity(
    activity: Json, said: Mapping[str, PartContents], today: str, words: Words
) -> ShownActivity:
    due = activity["next_due_on"]
    over = bool(due and due < today and activity["open"])
    done = activity["status"] in _OVER
    who = "the patient" if activity["by_patient"] else party_words(activity["responsible"], words)
    text = part_words(said.get(activity["activity_id"]))
    kind = activity_kind(activity["kind"])
    return ShownActivity(
        icon="ok" if activity["status"] == "completed" else "over" if over else "todo",
        text="; ".join(filter(None, (f"{kind}: {text}" if text else kind, who))),
        due=spaced(activity["status"]) if done or not due else f"due {day_words(due)}",
        over=over,
    )


def _medications(medications: Json, at: datetime, words: Words) -> list[str]:
    """Return the last list and the last reconciliation in words. Items stay sealed."""
    lines = []
    lists = medications["lists"]
    if lists:
        last = max(lists, key=lambda each: each["listed_at"])
        listed = words.near(_at(last["listed_at"]), at, last["listed_precision"])
        by = party_words(last["by"], words)
        source = _LIST_SOURCES.get(last["source"], spaced(last["source"]))
        lines.append(
            f"Last list: {source}, {listed}, {plural(last['items'], 'item')}"
            f"{f', by {by}' if by else ''}."
        )
        if len(lists) > 1:
            lines[-1] += f" {plural(len(lists), 'list')} in all."
    done = medications["reconciliations"]
    if done:
        last = max(done, key=lambda each: each["reconciled_at"])
        when = words.near(_at(last["reconciled_at"]), at, last["reconciled_precision"])
        unresolved = last["unresolved"]
        lines.append(
            f"Last reconciled {when}, at {spaced(last['at_point'])}, by a {spaced(last['role'])};"
            f" {plural(unresolved, 'item')} unresolved."
        )
    elif lists:
        lines.append("Not reconciled yet.")
    found = sum(each["resolved_at"] is None for each in medications["discrepancies"])
    if found:
        lines.append(f"{plural(found, 'discrepancy', 'discrepancies')} to resolve.")
    return lines


def _referral(referral: Json, care: CareReading, words: Words) -> ReferralState:
    asked_for = referral["service"] or referral["specialty"]
    target = referral["target"]
    to = words.facility(target["organisation"]) if target["organisation"] else target["pool"]
    late = [
        each
        for each in care.items
        if each.about == referral["stream_id"] and care.at > each.in_time_until
    ]
    when = words.near(_at(referral["requested_at"]), care.at, referral["requested_precision"])
    title = spaced(asked_for).capitalize() if asked_for else "Referral"
    return ReferralState(
        href=f"/ui/referrals/{referral['stream_id']}",
        title=title,
        state=spaced(referral["state"]),
        about=f"{to or 'target not stated'}, {referral['urgency']}, requested {when}",
        overdue=due_words(late[0], care.at, "over") if late else "",
    )


def drawn_referrals(
    reading: PatientReading, care: CareReading, words: Words
) -> list[DrawnReferral]:
    """Return the referrals for the picture, by the time of the request."""
    made = []
    for each in reading.activities.streams["referral"]:
        if each["state"] == ENTERED_IN_ERROR:
            continue
        line = _referral(each, care, words)
        seen = each["milestones"]["appointment_held"]
        ended = seen or each["closed_at"]
        if ended is None and _ended(each):
            ended = each["requested_at"]  # when it ended is not among its members
        made.append(
            DrawnReferral(
                href=line.href,
                title=line.title.lower(),
                requester=each["requester"]["organisation"] or "",
                target=each["target"]["organisation"] or "",
                requested_at=_at(each["requested_at"]),
                ended_at=_at(ended) if ended else None,
                overdue=line.overdue,
                is_seen=seen is not None,
            )
        )
    return made


def drawn_revisions(reading: PatientReading) -> list[DrawnRevision]:
    """Return the revisions of plans for the picture. Revision 0 is the plan as put in force."""
    patient = reading.patient.patient_id
    return [
        DrawnRevision(
            href=f"/ui/patients/{patient}/plans/{plan['stream_id']}?to={each['number']}",
            title=f"{plan_title(plan['category'])}, revision {each['number']}",
            number=each["number"],
            at=_at(each["revised_at"]),
        )
        for plan in reading.activities.streams["care_plan"]
        for each in plan["revisions"]
    ]


def _ended(referral: Json) -> bool:
    return referral["state"] in ENDED


def _at(text: Any) -> datetime:
    return datetime.fromisoformat(str(text))
