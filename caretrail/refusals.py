"""Say what to do after a refusal of the rules, by its code."""

from collections.abc import Mapping
from typing import Final

from domain import errors
from domain.errors import DomainError

#: What the person can do, by the refusal. A test fails if a refusal has no row.
REMEDIES: Final[Mapping[type[DomainError], str]] = {
    errors.AlreadyMember: "To change the role of the member, record a change of role.",
    errors.AttributionPeriodEmpty: "State an end that is after the beginning.",
    errors.ClaimedByAnother: "Wait until the claim ends, or ask the other party to release it.",
    errors.HandoverStillOpen: "Accept, refuse or withdraw the open handover first.",
    errors.HandoverToSameMember: "Name another member of the team.",
    errors.NoOpenHandover: "Look at the care team: it shows the open handovers with both members.",
    errors.NotAMember: "Let the member join the team first, or state another time.",
    errors.NotAttributed: "Look at the attributions of the patient, and name one of these.",
    errors.NotTheCoordinator: "Name the member who coordinates the scope now, or assign a"
    " coordinator.",
    errors.ProgrammeMismatch: "State the programme if, and only if, the scope is a programme.",
    errors.SnoozedTooLong: "State an earlier time.",
    errors.TwoCoordinators: "State a time after the later change, or mark that change as entered"
    " in error first.",
    errors.AccessReasonMissing: "State why you need to read this patient, as a code such as"
    " direct_care in the header Access-Reason; it is recorded.",
    errors.AnchorUnknown: "Name the encounter by its id, or by any of its statements, as the"
    " timeline of the patient shows them.",
    errors.FollowUpBeforeDischarge: "State a time after the discharge.",
    errors.LastProtocol: "Publish another protocol: it is in force from its instant on.",
    errors.NotInteractive: "Record an attempt to contact the patient.",
    errors.StepAlreadyDone: "Look at the transition: it shows what was recorded. To correct it,"
    " mark the earlier entry as entered in error first.",
    errors.StepUnknown: "Look at the transition: it shows its steps.",
    errors.TransitionNotOpen: "Look at the encounter and its transition. If an earlier entry is"
    " wrong, mark it as entered in error first.",
    errors.AppointmentNotOfPatient: "Name the encounter of the patient whose referral it is.",
    errors.BeforeBirth: "State the time at which it happened. If the date of birth is wrong, let"
    " its sender correct it.",
    errors.CancelNeedsConfirmation: "Request the cancellation; cancel when the other side agrees.",
    errors.ActivityUnknown: "Look at the plan: it shows the ids of its activities.",
    errors.ConcernUnknown: "Look at the plan: it shows the ids of its concerns.",
    errors.DiscrepancyUnknown: "Look at the medication lists: they show the open discrepancies.",
    errors.GoalHasOpenActivities: "Complete, stop or remove these activities first, or let them"
    " serve other goals.",
    errors.GoalUnknown: "Look at the plan: it shows the ids of its goals.",
    errors.ItemUnknown: "Look at the medication lists: an item is its list and its place, such as"
    " l1/2. Decide each item once.",
    errors.ListUnknown: "Look at the medication lists: they show the ids of the lists.",
    errors.NothingCompared: "Name the lists that were compared.",
    errors.NothingRevised: "State what changes, or record a review.",
    errors.PartExists: "Use a new id, or none: the next free one is taken.",
    errors.PlanAlreadyActive: "Revise or complete the active plan first.",
    errors.UndecidedItems: "Decide these items, or state how many are unresolved.",
    errors.AlreadyClosed: "Begin a new one.",
    errors.AnotherPatient: "Begin a new one for the other patient.",
    errors.ConflictsWithLater: "Mark the later entries as entered in error first, or state another"
    " time.",
    errors.EffectiveInThePast: "Publish it with an instant that is not over, or with none: then it"
    " is in force from now on.",
    errors.DuplicateOfItself: "Name the other referral.",
    errors.EnteredInErrorIsFinal: "Record the fact again.",
    errors.InTheFuture: "State the time at which it happened.",
    errors.KeyReused: "Use a new key for a new command.",
    errors.LikelyDuplicate: "Look at the other referrals. To record this one all the same, give the"
    " command without refuse_duplicates.",
    errors.MoveNotAllowed: "Take one of the steps that the state allows.",
    errors.NotOpen: "Reopen the referral first, or request a new one.",
    errors.OutcomeMissing: "State how the outcome was received.",
    errors.PatientDeceased: "State the time, if it happened before the death. If the death is an"
    " error, let its sender correct it.",
    errors.ProtocolInvalid: "Correct the file and publish it again.",
    errors.PurposeMissing: "State it, such as TREAT: --purpose, or the header Purpose-Of-Use.",
    errors.ReferralNotAccepted: "Let the target accept the referral first.",
    errors.RoleNotAllowed: "Ask a person whose role allows it. An answer to a referral is for the"
    " organisation of the person who answers.",
    errors.ReferralNotScheduled: "Record the appointment first.",
    errors.SameOrganisationAndPerson: "Name another target.",
    errors.TargetMissing: "Name an organisation or a pool: --target, --target-pool, or `target`.",
    errors.UnknownEvent: "The timeline of the patient lists the events.",
    errors.UnknownOrganisation: "Check the code. If it is right, let the operator add it to the"
    " organisations of the installation, in organisations.toml.",
    errors.UnknownPerson: "Check the number, and search for the patient. If the person is new here,"
    " name AUTHORITY|IDENTIFIER and say so: --new-person, or `new_person`.",
    errors.UnknownStream: "The timeline of the patient lists the streams: its JSON has them.",
    errors.UnknownWorkItem: "Read the work list again.",
    errors.VersionConflict: "Look at what changed, and give the command again.",
}


def refusal_words(refusal: DomainError) -> str:
    """Return the code of a refusal, its reason and what to do."""
    remedy = REMEDIES.get(type(refusal), "")
    return f"refused ({refusal.code}): {refusal}. {remedy}".rstrip()
