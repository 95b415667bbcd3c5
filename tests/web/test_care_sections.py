"""The sections beside the timeline, from readings that are made here."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from caretrail.reading.activities import Activities
from caretrail.reading.care import CareReading
from caretrail.reading.catalogue import OWN_STREAMS
from caretrail.reading.opening import PersonDetails
from caretrail.reading.patient import PatientReading
from caretrail.reading.plan_contents import PartContents
from caretrail.reading.stated_teams import StatedMemberReading
from caretrail.web.care_sections import CareSections, care_sections
from caretrail.web.deeds import deeds_of, is_offered
from caretrail.web.render import environment
from domain.continuity import Death
from domain.ids import EncounterId, PatientId, RecordId, StatementRef, StreamId
from domain.interpretation import StatedMember
from domain.primary_care import SeenInPrimaryCare
from domain.segments import Name, Practitioner
from domain.work import ItemId
from projections.attribution import AttributionRow
from projections.audit_trail import LogPosition
from projections.work_list import WorkItemRow
from tests.web.people import AS_OF, WORDS, alder, at

PLAN = StreamId("p1")
GOAL: Mapping[str, Any] = {
    "goal_id": "g1",
    "owner": "patient",
    "priority": "high",
    "target_on": "2026-03-27",
    "achievement": "improving",
    "resolved": False,
}
ACTIVITY: Mapping[str, Any] = {
    "activity_id": "a1",
    "kind": "self_care",
    "goals": ["g1"],
    "responsible": {"organisation": None, "person": None, "pool": None},
    "by_patient": True,
    "next_due_on": "2026-02-18",
    "status": "in-progress",
    "open": True,
}
CARE_PLAN: Mapping[str, Any] = {
    "stream_id": PLAN,
    "state": "active",
    "category": "transition",
    "responsible": {"organisation": "CSC", "person": "nurse-1", "pool": None},
    "drafted_at": "2026-02-16T16:00:00Z",
    "drafted_precision": "second",
    "activated_at": "2026-02-17T16:00:00Z",
    "activated_precision": "second",
    "revision": 2,
    "next_review_on": "2026-03-01",
    "concerns": [{"concern_id": "c1", "resolved": False}],
    "goals": [GOAL],
    "activities": [ACTIVITY],
}
REFERRAL: Mapping[str, Any] = {
    "stream_id": "s1",
    "state": "accepted",
    "target": {"organisation": "CSC", "person": None, "pool": None},
    "service": "cardiology",
    "specialty": None,
    "urgency": "urgent",
    "requested_at": "2026-02-18T17:30:00Z",
    "requested_precision": "second",
}
ITEM = WorkItemRow(
    item_id=ItemId("s1~referral.seen.urgent~~1"),
    kind="referral",
    about="s1",
    duty="referral.seen.urgent",
    part="",
    concerns="",
    encounter_id=None,
    opened_at=AS_OF - timedelta(hours=50),
    due_at=AS_OF - timedelta(hours=5),
    due_on=None,
    zone="America/Chicago",
    in_time_until=AS_OF - timedelta(hours=5),
    source="our choice",
    rule_version="0123456789ab",
    is_urgent=True,
    responsible_organisation="CSC",
    responsible_person="",
    responsible_pool="cardiology",
    is_assigned=False,
    claimed_organisation=None,
    claimed_person=None,
    claimed_pool=None,
    claimed_until=None,
    snoozed_until=None,
    snooze_reason=None,
    patient_id=PatientId("0190-p"),
    record_id=RecordId("r-NGH"),
    mode="P",
)
MEMBER: Mapping[str, Any] = {
    "member": "osei-1",
    "kind": "practitioner",
    "role": "primary_care",
    "organisation": "CSC",
    "since": "2026-01-24T15:00:00Z",
    "since_precision": "second",
    "until": None,
    "until_precision": None,
}
COORDINATOR: Mapping[str, Any] = {
    "scope": "transition", "programme": None, "member": "osei-1",
    "since": "2026-02-16T15:00:00Z", "since_precision": "second",
    "until": None, "until_precision": None,
}  # fmt: skip


def sections(
    care: CareReading | None = None, death: Death | None = None, **streams: Mapping[str, Any]
) -> CareSections:
    reading = PatientReading(
        patient=alder()._replace(death=death),
        filed={},
        person=PersonDetails(),
        numbers=(),
        visits={},
        places={},
        known=LogPosition(index=60_000, recorded_at=None),
        as_of=None,
        activities=Activities(
            streams={
                kind: (dict(streams[kind]),) if kind in streams else () for kind in OWN_STREAMS
            }
        ),
    )
    return care_sections(reading, care or CareReading(at=AS_OF), WORDS)


def panels(care: CareSections, *, has_died: bool) -> str:
    macro = environment().get_template("care.html").module.care_panels  # type: ignore[attr-defined]
    return str(macro(care, "/ui/patients/p", partial(is_offered, has_died=has_died)))


def test_an_overdue_item_is_counted_and_names_its_due_time_source_and_owner() -> None:
    found = sections(CareReading(at=AS_OF, items=(ITEM,)))

    (item,) = found.items
    assert (item.css, item.due, item.href) == ("over", "overdue 5 h", "/ui/referrals/s1")
    assert item.about == "due 19 Feb 09:05 · our choice · cardiology, Cedar Street Clinic"
    assert found.overdue == 1


def test_after_the_death_only_what_may_still_be_recorded_is_offered() -> None:
    outcome = replace(ITEM, duty="referral.outcome")
    died = Death(AS_OF - timedelta(days=1), "second", inferred=False)
    care = CareReading(at=AS_OF, items=(ITEM, outcome))
    offered, after = sections(care, care_plan=CARE_PLAN), sections(care, died, care_plan=CARE_PLAN)

    assert [len(each.deeds) for each in offered.items] == [2, 2]
    assert [len(each.deeds) for each in after.items] == [0, 2]
    assert offered.plans[0].actions
    assert not after.plans[0].actions
    assert "/record/care_team/join" in panels(offered, has_died=False)
    assert set(re.findall(r"/record/[a-z_/]+", panels(after, has_died=True))) == {
        f"/record/referral/{each.verb}" for each in deeds_of("referral.outcome")
    }


def test_a_claim_that_holds_is_beside_the_item() -> None:
    until = AS_OF + timedelta(minutes=20)
    claimed = replace(
        ITEM, claimed_organisation="CSC", claimed_person="nurse-1", claimed_until=until
    )
    (item,) = sections(CareReading(at=AS_OF, items=(claimed,))).items
    assert item.about.endswith("claimed by nurse-1, until 14:25")


def test_the_referral_of_an_overdue_item_says_so() -> None:
    (late,) = sections(CareReading(at=AS_OF, items=(ITEM,)), referral=REFERRAL).referrals
    (other,) = sections(referral=REFERRAL).referrals

    assert (late.title, late.state, late.overdue) == ("Cardiology", "accepted", "overdue 5 h")
    assert late.about == "Cedar Street Clinic, urgent, requested 18 Feb 11:30"
    assert other.overdue == ""


def test_an_ended_referral_is_apart() -> None:
    found = sections(referral={**REFERRAL, "state": "closed"})
    assert found.referrals == []
    assert [each.href for each in found.ended_referrals] == ["/ui/referrals/s1"]


def test_a_plan_shows_its_goals_with_their_activities_and_words() -> None:
    said = {
        "c1": PartContents(clinical={"code": "R60.0"}),
        "g1": PartContents(
            "To walk to church", {"measure": "walk", "value": "600", "unit": "m"},
            {"value": "150", "unit": "m"},
        ),
    }  # fmt: skip
    (plan,) = sections(CareReading(at=AS_OF, contents={PLAN: said}), care_plan=CARE_PLAN).plans

    assert (plan.title, plan.state, plan.in_force) == ("Plan for the transition", "", True)
    assert plan.about == "in force since 17 Feb 10:00, revision 2, nurse-1, Cedar Street Clinic"
    assert plan.concerns == ["R60.0"]
    (goal,) = plan.goals
    assert goal.text == "To walk to church"
    assert goal.about == "Goal of the patient, walk 600 m, now 150 m, by 27 Mar, improving, g1"
    (activity,) = goal.activities
    assert (activity.text, activity.due) == ("Self-care; the patient", "due 18 Feb")
    assert (activity.over, activity.icon) == (True, "over")
    assert plan.foot == "Next review by 1 Mar"


def test_an_activity_without_a_goal_is_not_lost() -> None:
    (plan,) = sections(care_plan={**CARE_PLAN, "activities": [{**ACTIVITY, "goals": []}]}).plans
    assert [(goal.about[:4], len(goal.activities)) for goal in plan.goals] == [("Goal", 0), ("", 1)]


def test_a_plan_that_has_ended_is_only_counted() -> None:
    found = sections(care_plan={**CARE_PLAN, "state": "completed"})
    assert (found.plans, found.ended_plans) == ([], 1)


def test_who_is_responsible_comes_first_and_who_left_is_apart() -> None:
    left = {**MEMBER, "member": "brandt-1", "role": "nurse", "until": "2026-02-16T15:00:00Z",
            "until_precision": "second"}  # fmt: skip
    found = sections(
        care_team={"members": [left, MEMBER], "coordinators": [COORDINATOR], "handovers": []}
    )

    first, second = found.team
    assert (first.label, first.name, first.lead) == (
        "Responsible for the transition", "osei-1, Cedar Street Clinic", True,
    )  # fmt: skip
    assert first.note == "since 16 Feb 09:00"
    assert (second.label, second.lead) == ("Primary care", False)
    assert [(each.label, each.note) for each in found.before] == [
        ("Nurse", "24 Jan 09:00 to 16 Feb 09:00")
    ]


def test_an_attribution_in_force_says_where_it_comes_from() -> None:
    row = AttributionRow(
        patient_id=PatientId("0190-p"), number=1, record_id=RecordId("r-NGH"), mode="P",
        target_kind="practice", target="CSC", source="roster", roster="r", roster_row=3,
        own_wish=False, precedence=3, since=at("02-01 00:00"), since_precision="day", until=None,
        until_precision=None, ended_reason=None, told_at=at("02-01 08:00"), flags=(),
    )  # fmt: skip
    (line,) = sections(CareReading(at=AS_OF, attributions=(row,))).team
    assert (line.label, line.name) == ("Practice, attributed", "Cedar Street Clinic")
    assert line.note == "by a roster, since 1 Feb"


def test_a_practice_that_is_proposed_is_said_not_to_be_attributed() -> None:
    seen = SeenInPrimaryCare("CSC", EncounterId("e1"), at("02-01 09:00"))
    (line,) = sections(CareReading(at=AS_OF, proposed=seen)).team
    assert (line.label, line.name) == ("Practice, proposed", "Cedar Street Clinic")
    assert line.note == "last seen in primary care 1 Feb 09:00; not attributed"


def test_medications_say_the_last_list_and_the_last_reconciliation_without_items() -> None:
    lists = [
        {"list_id": name, "source": source, "listed_at": listed, "listed_precision": "second",
         "by": {"organisation": "CSC", "person": None}, "items": items}
        for name, source, listed, items in (
            ("l1", "home", "2026-02-10T15:00:00Z", 9),
            ("l2", "discharge", "2026-02-16T15:00:00Z", 1),
        )
    ]  # fmt: skip
    done = {
        "reconciled_at": "2026-02-16T17:00:00Z", "reconciled_precision": "second",
        "at_point": "discharge", "role": "pharmacist", "reported_by": None, "unresolved": 1,
    }  # fmt: skip
    found = sections(
        medication_list={
            "stream_id": "m1", "lists": lists, "reconciliations": [done],
            "discrepancies": [{"resolved_at": None}],
        }
    )  # fmt: skip

    assert found.medication_list == "m1"
    assert found.medications == [
        "Last list: at discharge, 16 Feb 09:00, 1 item, by Cedar Street Clinic. 2 lists in all.",
        "Last reconciled 16 Feb 11:00, at discharge, by a pharmacist; 1 item unresolved.",
        "1 discrepancy to resolve.",
    ]
    told = {**done, "role": "other", "reported_by": "C7", "unresolved": 0}
    reported = sections(
        medication_list={
            "stream_id": "m1", "lists": lists, "reconciliations": [told], "discrepancies": [],
        }
    )  # fmt: skip
    assert reported.medications[1:] == [
        "Last reconciled 16 Feb 11:00, at discharge, by another role, as C7 reports."
    ]


def test_a_practitioner_that_a_hospital_states_is_named_as_such() -> None:
    member = StatedMember(
        encounter_id=None, facility="NGH", role="AT", practitioner="x", field="PV1-7",
        statement=StatementRef("s"), ended_by=None, since=at("02-16 10:45"),
        since_precision="second", until=None, until_precision="second",
    )  # fmt: skip
    named = Practitioner(ref="x", name=Name(family="Meriwether", given="Odile"))
    first, second = sections(
        CareReading(
            at=AS_OF,
            stated=(
                StatedMemberReading(member=member, named=named),
                StatedMemberReading(member=member, named=None),
            ),
        )
    ).team
    assert (first.label, first.name) == ("Attending", "Meriwether, Odile, Northfield General")
    assert first.note == "stated by the hospital, since 16 Feb 10:45"
    assert second.name == "name not stated, Northfield General"
