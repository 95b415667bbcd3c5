"""The sections beside the timeline: open items, team, plans, medications, referrals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from caretrail.reading.care import CURRENT, CareReading
from caretrail.reading.members import Json, instant_of
from caretrail.reading.patient import PatientReading
from caretrail.web.deeds import DeedLink, deed_links
from caretrail.web.plan_section import ShownPlan, plan_section
from caretrail.web.plan_words import (
    party_words,
    spaced,
)
from caretrail.web.referral_arrows import DrawnReferral
from caretrail.web.referral_pages import ENDED
from caretrail.web.team_section import TeamLine, attributed_parties, stated_members, team_section
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
from projections.referral_loop import ENTERED_IN_ERROR

_LIST_SOURCES: Final[Mapping[str, str]] = {
    "home": "at home",
    "hospital": "in hospital",
    "discharge": "at discharge",
    "pharmacy": "of the pharmacy",
    "patient": "of the patient",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenItem:
    """What is owed to the patient."""

    css: str  # over, today, later
    due: str
    title: str
    href: str
    about: str
    deeds: Sequence[DeedLink]  # the forms that do it; none if the page shows another instant


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


def care_sections(
    reading: PatientReading, care: CareReading, words: Words, *, is_past: bool = False
) -> CareSections:
    """Return what the sections show. ``is_past``: of another instant than now."""
    has_died = reading.has_died(care.at)
    streams = reading.activities.streams
    plans = streams["care_plan"]
    referrals = [_referral(each, care, words) for each in reversed(streams["referral"])]
    ended = {f"/ui/referrals/{each['stream_id']}" for each in streams["referral"] if _ended(each)}
    forms = "" if is_past else f"/ui/patients/{reading.patient.patient_id}/record"
    team = team_section(streams["care_team"], care, words, forms="" if has_died else forms)
    medications = streams["medication_list"]
    return CareSections(
        items=_items(care, words, is_past=is_past, has_died=has_died),
        overdue=sum(care.at > each.in_time_until for each in care.items),
        team=[*team.now, *stated_members(care, words), *attributed_parties(care, words)],
        before=team.before,
        plans=[
            plan_section(each, care, words, has_died=has_died)
            for each in reversed(plans)
            if each["state"] in CURRENT
        ],
        ended_plans=sum(each["state"] not in CURRENT for each in plans),
        medications=_medications(medications, care.at, words),
        medication_list=next((each["stream_id"] for each in medications), ""),
        referrals=[each for each in referrals if each.href not in ended],
        ended_referrals=[each for each in referrals if each.href in ended],
    )


def _items(care: CareReading, words: Words, *, is_past: bool, has_died: bool) -> list[OpenItem]:
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
                deeds=() if is_past else deed_links(item, page=item_href(item), has_died=has_died),
            )
        )
    return made


def _medications(streams: Sequence[Json], at: datetime, words: Words) -> list[str]:
    """Return the last list of each record and the last reconciliation. Items stay sealed.

    Args:
        streams: The medication lists of the person: a member for each source record with lists.
        at: The present time.
        words: The words of the page.
    """
    lines = [_last_list(each["lists"], at, words) for each in streams if each["lists"]]
    if len(lines) > 1:
        lines.append(f"Lists to compare: {', '.join(_refs_of_lists(streams))}.")
    done = [each for stream in streams for each in stream["reconciliations"]]
    if done:
        last = max(done, key=lambda each: each["reconciled_at"])
        when = words.near(instant_of(last["reconciled_at"]), at, last["reconciled_precision"])
        unresolved = last["unresolved"]
        role = "another role" if last["role"] == "other" else f"a {spaced(last['role'])}"
        line = f"Last reconciled {when}, at {spaced(last['at_point'])}, by {role}"
        lines.append(
            f"{line}, as {words.facility(last['reported_by'])} reports."
            if last["reported_by"]
            else f"{line}; {plural(unresolved, 'item')} unresolved."
        )
    elif lines:
        lines.append("Not reconciled yet.")
    found = sum(
        each["resolved_at"] is None for stream in streams for each in stream["discrepancies"]
    )
    if found:
        lines.append(f"{plural(found, 'discrepancy', 'discrepancies')} to resolve.")
    return lines


def _last_list(lists: Sequence[Json], at: datetime, words: Words) -> str:
    last = max(lists, key=lambda each: each["listed_at"])
    listed = words.near(instant_of(last["listed_at"]), at, last["listed_precision"])
    by = party_words(last["by"], words)
    source = _LIST_SOURCES.get(last["source"], spaced(last["source"]))
    line = f"Last list: {source}, {listed}, {plural(last['items'], 'item')}"
    line += f"{f', by {by}' if by else ''}."
    return line if len(lists) == 1 else f"{line} {plural(len(lists), 'list')} in all."


def _refs_of_lists(streams: Sequence[Json]) -> list[str]:
    """Return the lists of a person as the form of a reconciliation takes them."""
    return [
        each["list_id"]
        if stream["record_id"] == stream["patient_id"]
        else f"{stream['stream_id']}/{each['list_id']}"
        for stream in streams
        for each in stream["lists"]
    ]


def _referral(referral: Json, care: CareReading, words: Words) -> ReferralState:
    asked_for = referral["service"] or referral["specialty"]
    target = referral["target"]
    to = words.facility(target["organisation"]) if target["organisation"] else target["pool"]
    late = [
        each
        for each in care.items
        if each.about == referral["stream_id"] and care.at > each.in_time_until
    ]
    when = words.near(
        instant_of(referral["requested_at"]), care.at, referral["requested_precision"]
    )
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
                requested_at=instant_of(each["requested_at"]),
                ended_at=instant_of(ended) if ended else None,
                overdue=line.overdue,
                is_seen=seen is not None,
            )
        )
    return made


def _ended(referral: Json) -> bool:
    return referral["state"] in ENDED
