"""The list of the commands on own streams: API, command line, pages and documentation read it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from commands.attribution import (
    AttributePatient,
    EndAttribution,
    EndRosterRow,
    RecordRosterRow,
    VoidAttributionEvent,
)
from commands.care_plan.course import (
    ActivateCarePlan,
    CompleteCarePlan,
    DraftCarePlan,
    HoldCarePlan,
    ResumeCarePlan,
    RevokeCarePlan,
    VoidCarePlanEvent,
)
from commands.care_plan.parts import (
    AddActivity,
    AddConcern,
    ChangeActivity,
    ChangeGoal,
    ResolveConcern,
    SetGoal,
)
from commands.care_plan.progress import (
    ProgressActivity,
    ProgressGoal,
    ReviewCarePlan,
    ShareCarePlan,
)
from commands.care_plan.report import ReportCarePlan
from commands.care_plan.revise import ReviseCarePlan
from commands.care_team.coordination import (
    AcceptHandover,
    AssignCoordinator,
    HandOver,
    RefuseHandover,
    WithdrawHandover,
)
from commands.care_team.members import (
    ChangeMemberRole,
    JoinCareTeam,
    LeaveCareTeam,
    VoidTeamEvent,
)
from commands.care_team.report import ReportCareTeam
from commands.command import Command
from commands.medication_list import (
    FindDiscrepancy,
    ReconcileMedications,
    RecordMedicationList,
    ReportMedicationList,
    ResolveDiscrepancy,
    VoidMedicationEvent,
)
from commands.protocol import PublishProtocol, VoidProtocolEvent
from commands.referral.answer import (
    AcceptReferral,
    AuthoriseReferral,
    DeclineReferral,
    ReceiveReferral,
    RecordPatientDeclined,
    RedirectReferral,
    RefuseAuthorisation,
    ReturnReferral,
)
from commands.referral.ask import (
    CancelReferral,
    ReopenReferral,
    RequestCancellation,
    SendInformation,
    SendReferral,
)
from commands.referral.close import CloseReferral, VoidReferralEvent
from commands.referral.duplicate import ClearDuplicate, MarkDuplicate
from commands.referral.outcome import ReceiveOutcome, SendInterimNote, SendOutcome
from commands.referral.report import ReportReferral
from commands.referral.request import RequestReferral
from commands.referral.visit import (
    CancelAppointment,
    HoldReferral,
    RecordMissedVisit,
    RecordReferralContact,
    RecordSeen,
    RescheduleReferral,
    ResumeReferral,
    ScheduleReferral,
)
from commands.transition.act import VoidTransitionEvent
from commands.transition.contact import (
    AttemptContact,
    CompleteFollowUp,
    MissFollowUp,
    RecordPatientContact,
    ScheduleFollowUp,
)
from commands.transition.information import (
    AssignPendingResult,
    ReceiveDischargeInformation,
    ReceivePendingResult,
    SendDischargeInformation,
)
from commands.transition.report import ReportTransition
from commands.transition.steps import (
    ChangeResponsible,
    CompleteReconciliation,
    CompleteStep,
    ConfirmArrival,
    DeclineFollowUp,
    DeliverEquipment,
    RecordMovedAway,
    StartService,
    WaiveStep,
)
from commands.work.items import (
    AssignItem,
    ClaimItem,
    ReleaseItem,
    SnoozeItem,
    VoidWorkEvent,
)

#: A new command is one more row here.
COMMANDS: Final[tuple[type[Command], ...]] = (
    RequestReferral,
    SendReferral,
    ReceiveReferral,
    ReturnReferral,
    SendInformation,
    AcceptReferral,
    DeclineReferral,
    RedirectReferral,
    RecordPatientDeclined,
    AuthoriseReferral,
    RefuseAuthorisation,
    ScheduleReferral,
    RescheduleReferral,
    CancelAppointment,
    RecordMissedVisit,
    RecordReferralContact,
    HoldReferral,
    ResumeReferral,
    RecordSeen,
    SendInterimNote,
    SendOutcome,
    ReceiveOutcome,
    CloseReferral,
    RequestCancellation,
    CancelReferral,
    ReopenReferral,
    MarkDuplicate,
    ClearDuplicate,
    ReportReferral,
    VoidReferralEvent,
    PublishProtocol,
    VoidProtocolEvent,
    JoinCareTeam,
    ChangeMemberRole,
    LeaveCareTeam,
    AssignCoordinator,
    HandOver,
    AcceptHandover,
    RefuseHandover,
    WithdrawHandover,
    ReportCareTeam,
    VoidTeamEvent,
    AttributePatient,
    EndAttribution,
    RecordRosterRow,
    EndRosterRow,
    VoidAttributionEvent,
    DraftCarePlan,
    ActivateCarePlan,
    HoldCarePlan,
    ResumeCarePlan,
    CompleteCarePlan,
    RevokeCarePlan,
    AddConcern,
    ResolveConcern,
    SetGoal,
    ChangeGoal,
    ProgressGoal,
    AddActivity,
    ChangeActivity,
    ProgressActivity,
    ReviseCarePlan,
    ReviewCarePlan,
    ShareCarePlan,
    ReportCarePlan,
    VoidCarePlanEvent,
    RecordMedicationList,
    ReconcileMedications,
    FindDiscrepancy,
    ResolveDiscrepancy,
    ReportMedicationList,
    VoidMedicationEvent,
    SendDischargeInformation,
    ReceiveDischargeInformation,
    AttemptContact,
    RecordPatientContact,
    CompleteReconciliation,
    ScheduleFollowUp,
    MissFollowUp,
    CompleteFollowUp,
    AssignPendingResult,
    ReceivePendingResult,
    DeliverEquipment,
    StartService,
    ConfirmArrival,
    CompleteStep,
    WaiveStep,
    ChangeResponsible,
    DeclineFollowUp,
    RecordMovedAway,
    ReportTransition,
    VoidTransitionEvent,
    ClaimItem,
    ReleaseItem,
    SnoozeItem,
    AssignItem,
    VoidWorkEvent,
)

#: By kind of stream and verb.
BY_VERB: Final[Mapping[tuple[str, str], type[Command]]] = MappingProxyType(
    {(each.KIND.name, each.VERB): each for each in COMMANDS}
)
