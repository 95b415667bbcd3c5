"""Lead from what is owed to the form of the deed that does it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from commands.catalogue import BY_VERB
from projections.work_list import WorkItemRow


@dataclass(frozen=True, slots=True)
class Deed:
    """A command that does a duty, or brings it nearer."""

    verb: str
    words: str  # of its link
    given: Mapping[str, str]  # field of the form -> its value; PART, STEP: of the duty


@dataclass(frozen=True, slots=True)
class DeedLink:
    """A link to the form of a deed."""

    href: str
    words: str


#: A value that stands for the part that a duty is about, such as an activity of a plan.
PART: Final = "{part}"
#: A value that stands for the step of a transition.
STEP: Final = "{step}"


def _deed(verb: str, words: str, **given: str) -> Deed:
    return Deed(verb, words, given)


_STEP_DONE: Final = _deed("complete_step", "Record that it was done", step=STEP)
_INFORMATION: Final = (
    _deed("send_information", "Record that it was sent"),
    _deed("receive_information", "It was received"),
)
_CALL: Final = (
    _deed("record_contact", "Record a call"),
    _deed("attempt_contact", "Not reached"),
)
_SERVICE: Final = (_deed("start_service", "Record the first visit"),)

#: Code of a duty -> the deeds that do it, the usual one first. A longer code of a duty, such as
#: ``referral.seen.stat``, has the deeds of the longest code here that it begins with. One without
#: deeds is done on the page of what it is about.
DEEDS: Final[Mapping[str, Sequence[Deed]]] = {
    "referral.acknowledge": (_deed("accept", "Accept"), _deed("decline", "Decline")),
    "referral.information": (_deed("send_information", "Send the information"),),
    "referral.appointment": (_deed("schedule", "Schedule the visit"),),
    "referral.seen": (_deed("see", "Record the visit"), _deed("miss", "Missed")),
    "referral.missed": (_deed("contact", "Record a call"),),
    "referral.outcome": (
        _deed("send_outcome", "Send the outcome"),
        _deed("receive_outcome", "It was received"),
    ),
    "referral.refusal": (_deed("close", "Acknowledge"),),
    "referral.tell_patient": (_deed("close", "Record that the patient was told"),),
    "referral.cancellation": (_deed("cancel", "Confirm the cancellation"),),
    "referral.duplicate": (),
    "care_plan.activity": (
        _deed("progress_activity", "Record its progress", activity_id=PART, status="completed"),
    ),
    "care_plan.review": (_deed("review", "Record the review"),),
    "care_plan.goal_worsening": (
        _deed("review", "Record a review"),
        _deed("change_goal", "Change the goal", goal_id=PART),
    ),
    "medication_list.discrepancy": (
        _deed("resolve_discrepancy", "Resolve it", discrepancy_id=PART),
    ),
    "care_team.handover": (),
    "transition": (_STEP_DONE,),
    "transition.information": _INFORMATION,
    "transition.transfer_information": _INFORMATION,
    "transition.medication_list": _INFORMATION,
    "transition.contact": _CALL,
    "transition.missed_visit": _CALL,
    "transition.medications": (_deed("reconcile_medications", "Record the reconciliation"),),
    "transition.visit": (
        _deed("complete_follow_up", "Record the visit"),
        _deed("schedule_follow_up", "Schedule it"),
    ),
    "transition.visit_offered": (_deed("schedule_follow_up", "Schedule the visit"),),
    "transition.pending_results": (_deed("assign_result", "Assign a result"),),
    "transition.equipment": (_deed("deliver_equipment", "Record the delivery"),),
    "transition.first_visit": _SERVICE,
    "transition.first_assessment": _SERVICE,
    "transition.arrival": (_deed("confirm_arrival", "Record the arrival"),),
}
#: The page on which a duty without deeds is done, in words.
_ON_THE_PAGE: Final[Mapping[str, str]] = {
    "referral.duplicate": "Decide on the page",
    "care_team.handover": "Answer on the page",
}


def deeds_of(duty: str) -> Sequence[Deed]:
    """Return the deeds that do a duty, the usual one first; none if no form does it."""
    wider = duty
    while wider not in DEEDS and wider:
        wider = wider.rpartition(".")[0]
    return DEEDS.get(wider, ())


def is_offered(kind: str, verb: str, *, has_died: bool) -> bool:
    """Tell whether a page leads to the form of a command: not if its patient died before it."""
    return not has_died or BY_VERB[kind, verb].AFTER_DEATH


def deed_links(
    item: WorkItemRow, *, page: str, back: str = "", has_died: bool = False
) -> list[DeedLink]:
    """Return the links to the forms that do an item, with the fields that it gives filled.

    Args:
        item: The item.
        page: Address of the page of what it is about: for an item that is done there.
        back: Address that is shown when the deed is recorded; empty: that of its subject.
        has_died: Whether the patient is known to have died.
    """
    if not (deeds := deeds_of(item.duty)):
        return [DeedLink(page, _ON_THE_PAGE[item.duty])] if item.duty in _ON_THE_PAGE else []
    named = {"encounter": item.about} if item.kind == "transition" else {}
    stands_for = {PART: item.part, STEP: item.duty.partition(".")[2]}
    return [
        DeedLink(
            f"{_place(item, each)}/record/{item.kind}/{each.verb}" + _query({
                **named,
                **{name: stands_for.get(text, text) for name, text in each.given.items()},
                "back": back,
            }),
            each.words,
        )
        for each in deeds
        if is_offered(item.kind, each.verb, has_died=has_died)
    ]  # fmt: skip


def _place(item: WorkItemRow, deed: Deed) -> str:
    """Return the address above a form: the patient, if the command names it, else the stream."""
    of_patient = "record" in BY_VERB[item.kind, deed.verb].model_fields or item.kind == "transition"
    return f"/ui/patients/{item.patient_id}" if of_patient else f"/ui/streams/{item.about}"


def _query(values: Mapping[str, str]) -> str:
    stated = {name: text for name, text in values.items() if text}
    return f"?{urlencode(stated)}" if stated else ""
