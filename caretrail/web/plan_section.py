"""The current care plans beside the timeline, and their revisions in the picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from caretrail.reading.care import CareReading
from caretrail.reading.members import Json, instant_of
from caretrail.reading.patient import PatientReading
from caretrail.reading.plan_contents import PartContents
from caretrail.web.deeds import is_offered
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
from caretrail.web.referral_arrows import DrawnRevision
from caretrail.web.words import Words
from domain.ids import StreamId

#: Statuses of an activity after which it is struck from what is to do.
_OVER: Final = frozenset({"completed", "cancelled", "stopped"})


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


def plan_section(
    plan: Json, care: CareReading, words: Words, *, has_died: bool = False
) -> ShownPlan:
    """Return a current plan as the section shows it. ``has_died``: its patient has died."""
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
        instant_of(plan["activated_at"] or plan["drafted_at"]),
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
        actions=_plan_actions(stream, state, has_died=has_died),
    )


def _plan_actions(stream: StreamId, state: str, *, has_died: bool) -> list[tuple[str, str]]:
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
        if is_offered("care_plan", verb, has_died=has_died)
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


def drawn_revisions(reading: PatientReading) -> list[DrawnRevision]:
    """Return the revisions of plans for the picture. Revision 0 is the plan as put in force."""
    patient = reading.patient.patient_id
    return [
        DrawnRevision(
            href=f"/ui/patients/{patient}/plans/{plan['stream_id']}?to={each['number']}",
            title=f"{plan_title(plan['category'])}, revision {each['number']}",
            number=each["number"],
            at=instant_of(each["revised_at"]),
        )
        for plan in reading.activities.streams["care_plan"]
        for each in plan["revisions"]
    ]
