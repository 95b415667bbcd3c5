"""What people do in the six stories of the demo that begin with messages and go on by commands."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from caretrail import demo_patients as titles
from caretrail.demo_care import staff
from caretrail.demo_care.steps import OwedItem, StayAt, Step, step
from caretrail.generate.story_parts import when
from commands.care_plan.contents import GoalTarget
from commands.care_plan.course import ActivateCarePlan, DraftCarePlan
from commands.care_plan.parts import AddActivity, AddConcern, SetGoal
from commands.care_plan.progress import ProgressGoal, ReviewCarePlan
from commands.care_plan.revise import ReviseCarePlan, RevisedActivity, RevisedGoalChange
from commands.care_team.coordination import AssignCoordinator
from commands.care_team.members import JoinCareTeam
from commands.referral.answer import AcceptReferral, ReceiveReferral
from commands.referral.ask import CancelReferral, RequestCancellation, SendReferral
from commands.referral.close import CloseReferral
from commands.referral.outcome import ReceiveOutcome, SendOutcome
from commands.referral.request import RequestReferral
from commands.referral.visit import (
    RecordMissedVisit,
    RecordReferralContact,
    RecordSeen,
    ScheduleReferral,
)
from commands.transition.contact import AttemptContact
from commands.transition.information import (
    ReceiveDischargeInformation,
    SendDischargeInformation,
)
from commands.transition.steps import CompleteStep, ConfirmArrival
from commands.work.items import ClaimItem
from domain.care_plan.parts import Activity, GoalChange
from domain.party import Party
from domain.transition.events import ELEMENTS

_NGH, _SBH, _CSC, _LPC, _MCN, _HRC = (
    Party(organisation=code) for code in ("NGH", "SBH", "CSC", "LPC", "MCN", "HRC")
)


def _coordinated(at: tuple[int, int, int], who: staff.Staff) -> tuple[Step, ...]:
    """Return the steps by which a coordinator takes the transition of a patient on."""
    return (
        step(when(*at), who, JoinCareTeam, member=who.subject, role="coordinator",
             organisation=who.organisation),
        step(when(*at), who, AssignCoordinator, member=who.subject, scope="transition"),
    )  # fmt: skip


_OVERDUE_CALL: Final = (
    step(when(4, 9, 35), staff.NGH_PHYSICIAN, CompleteStep,
         encounter=StayAt("NGH"), step="risk_told",
         note="He knows that the pain may come back, and when to call an ambulance."),
    *_coordinated((4, 11, 0), staff.NGH_COORDINATOR),
    step(when(4, 16, 30), staff.NGH_NURSE, SendDischargeInformation,
         encounter=StayAt("NGH"), recipient=_LPC, document="doc-winter-17", elements=ELEMENTS),
    step(when(7, 10, 40), staff.NGH_COORDINATOR, AttemptContact,
         encounter=StayAt("NGH"), result="no_answer"),
)  # fmt: skip

_NEVER_ANSWERED: Final = (
    step(when(0, 10, 40), staff.LPC_PHYSICIAN, RequestReferral,
         requester=staff.LPC_PHYSICIAN.party, target=_CSC, service="CARDIOLOGY",
         anchor=StayAt("LPC"), reason_codes=("I48.0",),
         question="New atrial fibrillation: rate control, and does he need anticoagulation?"),
    step(when(0, 11, 5), staff.LPC_COORDINATOR, SendReferral, channel="fax"),
    step(when(8, 15, 50), staff.LPC_COORDINATOR, ClaimItem,
         item=OwedItem("referral.acknowledge.routine")),
)  # fmt: skip

_REBOOKED: Final = (
    step(when(-6, 14, 0), staff.NGH_PHYSICIAN, RequestReferral,
         requester=staff.NGH_PHYSICIAN.party, target=_CSC, service="CARDIOLOGY", urgency="asap",
         anchor=StayAt("NGH"), reason_codes=("R55",),
         question="She fainted twice this month; the ECG was normal."),
    step(when(-6, 14, 5), staff.NGH_COORDINATOR, SendReferral),
    step(when(-5, 9, 15), staff.CSC_COORDINATOR, ReceiveReferral),
    step(when(-5, 11, 30), staff.CSC_CARDIOLOGIST, AcceptReferral),
    step(when(-5, 13, 0), staff.CSC_COORDINATOR, ScheduleReferral,
         starts_at=when(0, 9, 30), appointment="appt-2201"),
    step(when(0, 10, 15), staff.CSC_COORDINATOR, RecordMissedVisit,
         appointment="appt-2201", reached="no"),
    step(when(1, 9, 50), staff.NGH_COORDINATOR, RecordReferralContact,
         how="telephone", result="reached",
         note="Her lift did not come. Her neighbour drives her on Friday."),
    step(when(1, 10, 5), staff.CSC_COORDINATOR, ScheduleReferral,
         starts_at=when(4, 10, 0), appointment="appt-2234"),
    step(when(4, 10, 50), staff.CSC_CARDIOLOGIST, RecordSeen, anchor=StayAt("CSC")),
    step(when(7, 9, 0), staff.CSC_CARDIOLOGIST, SendOutcome,
         document="doc-cardio-88", recommends="follow_up",
         findings="No structural disease. A recorder is worn for two weeks."),
    step(when(7, 11, 20), staff.NGH_COORDINATOR, ReceiveOutcome,
         how="sent", document="doc-cardio-88"),
    step(when(7, 15, 10), staff.NGH_COORDINATOR, CloseReferral,
         acknowledged_by=staff.NGH_COORDINATOR.party, need_met="yes",
         plan_told_to_patient_on=date(2026, 3, 9)),
)  # fmt: skip

_NOT_FOLLOWED_UP: Final = (
    step(when(5, 9, 30), staff.SBH_NURSE, SendDischargeInformation,
         encounter=StayAt("SBH"), recipient=_NGH, document="doc-summary-402", elements=ELEMENTS,
         note="Sent when Northfield General asked for it."),
    *_coordinated((5, 10, 0), staff.NGH_COORDINATOR),
)  # fmt: skip

_REVISED: Final = (
    step(when(0, 10, 20), staff.SBH_NURSE, SendDischargeInformation,
         encounter=StayAt("SBH"), recipient=_MCN, document="doc-transfer-31", elements=ELEMENTS),
    step(when(0, 11, 50), staff.MCN_NURSE, ConfirmArrival, encounter=StayAt("SBH")),
    step(when(0, 12, 5), staff.MCN_NURSE, ReceiveDischargeInformation,
         encounter=StayAt("SBH"), recipient=_MCN, document="doc-transfer-31", elements=ELEMENTS),
    step(when(1, 10, 0), staff.MCN_COORDINATOR, DraftCarePlan,
         category="transition", responsible=staff.MCN_COORDINATOR.party, anchor=StayAt("MCN")),
    step(when(1, 10, 5), staff.MCN_COORDINATOR, AddConcern,
         concern_id="c1", code="S72.0", text="Hip fracture, repaired in hospital"),
    step(when(1, 10, 10), staff.MCN_COORDINATOR, SetGoal,
         goal_id="g1", owner="patient", priority="high", target_on=date(2026, 4, 20),
         words="I want to walk to the garden without the frame"),
    step(when(1, 10, 15), staff.MCN_COORDINATOR, SetGoal,
         goal_id="g2", owner="shared", words="Pain that lets her sleep",
         target=GoalTarget(measure="Pain at rest, 0 to 10", value="3")),
    step(when(1, 10, 20), staff.MCN_COORDINATOR, AddActivity,
         activity_id="a1", kind="service", goals=("g1",), responsible=staff.MCN_THERAPIST.party,
         text="Gait training on every weekday"),
    step(when(1, 10, 25), staff.MCN_COORDINATOR, AddActivity,
         activity_id="a2", kind="visit", goals=("g1",), responsible=_SBH,
         due_on=date(2026, 3, 19), text="Fracture clinic"),
    step(when(1, 10, 30), staff.MCN_COORDINATOR, AddActivity,
         activity_id="a3", kind="service", responsible=staff.MCN_COORDINATOR.party,
         due_on=date(2026, 3, 16), text="Apply for a permanent room"),
    step(when(1, 14, 0), staff.MCN_PHYSICIAN, ActivateCarePlan),
    step(when(1, 14, 5), staff.MCN_NURSE, CompleteStep,
         encounter=StayAt("SBH"), step="baseline_plan"),
    step(when(4, 11, 0), staff.MCN_THERAPIST, ProgressGoal, goal_id="g1", achievement="improving"),
    step(when(7, 14, 30), staff.MCN_COORDINATOR, ReviseCarePlan,
         author=staff.MCN_COORDINATOR.party, reason="patient_wish",
         note="She has decided to move in with her daughter, and wants no permanent room.",
         goals_changed=(
             RevisedGoalChange(
                 text="I want to live with my daughter and walk in her garden",
                 change=GoalChange(goal_id="g1", target_on=date(2026, 3, 31)),
             ),
         ),
         activities_added=(
             RevisedActivity(
                 text="See the stairs and the bath at the daughter's house",
                 activity=Activity(
                     activity_id="a4", kind="visit", goals=("g1",), due_on=date(2026, 3, 13),
                     responsible=staff.MCN_THERAPIST.party,
                 ),
             ),
             RevisedActivity(
                 text="Walking frame and bath seat",
                 activity=Activity(
                     activity_id="a5", kind="equipment", goals=("g1",), due_on=date(2026, 3, 17),
                     responsible=staff.MCN_COORDINATOR.party,
                 ),
             ),
         ),
         removed=("a3",)),
    step(when(7, 15, 0), staff.MCN_PHYSICIAN, ReviewCarePlan,
         members=(staff.MCN_COORDINATOR.party, staff.MCN_THERAPIST.party), patient=True,
         caregiver=True, next_review_on=date(2026, 3, 23)),
)  # fmt: skip

_DIED: Final = (
    step(when(3, 15, 0), staff.SBH_NURSE, SendDischargeInformation,
         encounter=StayAt("SBH"), recipient=_CSC, document="doc-summary-417", elements=ELEMENTS),
    step(when(3, 15, 20), staff.SBH_COORDINATOR, RequestReferral,
         requester=staff.SBH_COORDINATOR.party, target=_HRC, service="REHABILITATION",
         category="post_acute", transition_anchor=StayAt("SBH"), reason_codes=("R26.8",)),
    step(when(4, 10, 10), staff.SBH_COORDINATOR, AttemptContact,
         encounter=StayAt("SBH"), result="left_message"),
    step(when(7, 10, 30), staff.SBH_COORDINATOR, RequestCancellation, reason="deceased"),
    step(when(7, 13, 0), staff.HRC_COORDINATOR, CancelReferral, reason="deceased"),
)  # fmt: skip

#: The steps of each story, by its title, in order of time.
STORIES: Final[Mapping[str, Sequence[Step]]] = {
    titles.OVERDUE_CALL: _OVERDUE_CALL,
    titles.NEVER_ANSWERED: _NEVER_ANSWERED,
    titles.REBOOKED: _REBOOKED,
    titles.NOT_FOLLOWED_UP: _NOT_FOLLOWED_UP,
    titles.REVISED: _REVISED,
    titles.DIED: _DIED,
}
