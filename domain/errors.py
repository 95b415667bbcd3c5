"""The refusals of own commands. Each has a stable ``code`` and carries its facts as attributes."""

from collections.abc import Sequence
from datetime import datetime

from domain.ids import EventId, StreamId


class DomainError(Exception):
    """A rule refuses a command. Nothing was recorded.

    A late step is never refused because it is late: it is recorded, and lateness is derived.
    ``code`` is part of the public interface and never changes. No text names a patient.
    """

    code: str = "domain_error"


class InTheFuture(DomainError):
    """The stated time is more than 5 minutes after the time of recording."""

    code = "in_the_future"

    def __init__(self, happened_at: datetime, now: datetime) -> None:
        self.happened_at = happened_at
        self.now = now
        super().__init__(
            f"the stated time {happened_at.isoformat()} is after the present time"
            f" {now.isoformat(timespec='seconds')}"
        )


class UnknownStream(DomainError):
    """The stream has no events, or it is a stream of another kind."""

    code = "unknown_stream"

    def __init__(self, stream: StreamId) -> None:
        self.stream = stream
        super().__init__(f"no such stream: {stream}")


class UnknownPerson(DomainError):
    """No message has named a patient with this id or number."""

    code = "unknown_person"

    def __init__(self) -> None:
        super().__init__("no message has named a patient with this id or number")


class UnknownOrganisation(DomainError):
    """The installation does not know an organisation that the command names, at its time."""

    code = "unknown_organisation"

    def __init__(self, organisation: str) -> None:
        self.organisation = organisation
        super().__init__(f"the installation does not know {organisation} at that time")


class UnknownEvent(DomainError):
    """The stream has no event with this id."""

    code = "unknown_event"

    def __init__(self, event_id: EventId) -> None:
        self.event_id = event_id
        super().__init__(f"the stream has no event {event_id}")


class EnteredInErrorIsFinal(DomainError):
    """The event to be marked as entered in error is itself such a mark: it cannot be undone."""

    code = "entered_in_error_is_final"

    def __init__(self, event_id: EventId) -> None:
        self.event_id = event_id
        super().__init__(f"event {event_id} marks an error and cannot be undone")


class MoveNotAllowed(DomainError):
    """The state of the stream at the stated time does not allow this step."""

    code = "move_not_allowed"

    def __init__(self, move: str, *, state: str, allowed: Sequence[str]) -> None:
        self.move = move
        self.state = state
        self.allowed = tuple(allowed)
        possible = ", ".join(self.allowed) or "nothing"
        super().__init__(f"not possible: {move}; the state is {state}, which allows {possible}")


class AlreadyClosed(MoveNotAllowed):
    """The stream was closed before the stated time."""

    code = "already_closed"


class ConflictsWithLater(DomainError):
    """Events that happened after the stated time would no longer be allowed."""

    code = "conflicts_with_later"

    def __init__(self, event_ids: Sequence[EventId], moves: Sequence[str]) -> None:
        self.event_ids = tuple(event_ids)
        self.moves = tuple(moves)
        named = ", ".join(f"{move} ({each})" for each, move in zip(event_ids, moves, strict=True))
        super().__init__(f"conflicts with what happened later: {named}")


class VersionConflict(DomainError):
    """The stream is not at the version that the caller expects."""

    code = "version_conflict"

    def __init__(self, *, expected: int, actual: int | None) -> None:
        self.expected = expected
        self.actual = actual  # None: another writer was faster, the new version was not read
        now = "changed meanwhile" if actual is None else f"is at version {actual}"
        super().__init__(f"the stream {now}, the command expects version {expected}")


class KeyReused(DomainError):
    """The idempotency key belongs to an earlier command with other content."""

    code = "key_reused"

    def __init__(self) -> None:
        super().__init__("this idempotency key belongs to an earlier command with other content")


class PurposeMissing(DomainError):
    """A person acts and no purpose of use is stated."""

    code = "purpose_missing"

    def __init__(self) -> None:
        super().__init__("a person who acts or reads states a purpose of use")


class RoleNotAllowed(DomainError):
    """None of the roles of the person allows what the person asks for."""

    code = "role_not_allowed"

    def __init__(self, permission: str, roles: Sequence[str]) -> None:
        self.permission = permission
        self.roles = tuple(roles)
        super().__init__(
            f"not allowed for {', '.join(roles) or 'a person without a role'}: {permission}"
        )


class AccessReasonMissing(DomainError):
    """The patient is not in the care of the person, and the person states no reason to read."""

    code = "access_reason_missing"

    def __init__(self) -> None:
        super().__init__("the patient is neither on your panel nor is your team in the care team")


class AnotherPatient(DomainError):
    """The stream is about another patient, even if its events were entered in error."""

    code = "another_patient"

    def __init__(self) -> None:
        super().__init__("the stream is about another patient: use a new stream")


class TargetMissing(DomainError):
    """The referral names neither an organisation nor a pool as its target."""

    code = "target_missing"

    def __init__(self) -> None:
        super().__init__("a referral names the organisation or the pool that it goes to")


class SameOrganisationAndPerson(DomainError):
    """The referral goes to the party that requests it."""

    code = "same_organisation_and_person"

    def __init__(self, organisation: str, person: str) -> None:
        self.organisation = organisation
        self.person = person
        super().__init__(f"requester and target are both {organisation} {person}".rstrip())


class ReferralNotAccepted(MoveNotAllowed):
    """The step needs a referral that its target has accepted."""

    code = "referral_not_accepted"


class ReferralNotScheduled(MoveNotAllowed):
    """The step needs a referral whose visit has an appointment."""

    code = "referral_not_scheduled"


class OutcomeMissing(MoveNotAllowed):
    """The requester can close a referral only after its outcome is known."""

    code = "outcome_missing"


class NotOpen(MoveNotAllowed):
    """The stream ended before the stated time, and was not closed: it was declined, for example."""

    code = "not_open"


class CancelNeedsConfirmation(MoveNotAllowed):
    """The other organisation confirms a cancellation: it must be requested first."""

    code = "cancel_needs_confirmation"


class AppointmentNotOfPatient(DomainError):
    """The encounter that the command names is of another patient than the referral."""

    code = "appointment_not_of_patient"

    def __init__(self) -> None:
        super().__init__("the encounter is of another patient than the referral")


class LikelyDuplicate(DomainError):
    """The person has other referrals for the same, and the caller does not want another one."""

    code = "likely_duplicate"

    def __init__(self, others: Sequence[StreamId]) -> None:
        self.others = tuple(others)
        super().__init__(f"likely a duplicate of {', '.join(self.others)}")


class DuplicateOfItself(DomainError):
    """A referral is compared with itself."""

    code = "duplicate_of_itself"

    def __init__(self) -> None:
        super().__init__("a referral is not a duplicate of itself")


class BeforeBirth(DomainError):
    """The stated time is before the birth of the person."""

    code = "before_birth"

    def __init__(self) -> None:
        super().__init__("the stated time is before the birth of the person")


class PatientDeceased(DomainError):
    """The person died before the stated time."""

    code = "patient_deceased"

    def __init__(self) -> None:
        super().__init__("the patient died before the stated time")


class ProtocolInvalid(DomainError):
    """The file of a protocol cannot be used."""

    code = "protocol_invalid"

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("the protocol cannot be used: " + "; ".join(self.problems))


class EffectiveInThePast(DomainError):
    """A protocol would be in force from an instant before its publication."""

    code = "effective_in_the_past"

    def __init__(self, effective_from: datetime, now: datetime) -> None:
        self.effective_from = effective_from
        self.now = now
        super().__init__(
            f"the protocol would be in force from {effective_from.isoformat()}, which is before"
            f" the present time {now.isoformat(timespec='seconds')}"
        )


class AlreadyMember(DomainError):
    """The member is in the care team at the stated time."""

    code = "already_member"

    def __init__(self, member: str) -> None:
        self.member = member
        super().__init__(f"{member} is a member of the care team already")


class NotAMember(DomainError):
    """The member is not in the care team at the stated time."""

    code = "not_a_member"

    def __init__(self, member: str) -> None:
        self.member = member
        super().__init__(f"{member} is not a member of the care team at that time")


class TwoCoordinators(DomainError):
    """Another member coordinates the scope at the stated time, and a later change is recorded."""

    code = "two_coordinators"

    def __init__(self, scope: str, member: str, *, until: datetime) -> None:
        self.scope = scope
        self.member = member
        self.until = until
        super().__init__(
            f"{member} coordinates the scope {scope} at that time, until {until.isoformat()}"
        )


class NotTheCoordinator(DomainError):
    """The member that hands over does not coordinate the scope at the stated time."""

    code = "not_the_coordinator"

    def __init__(self, scope: str, member: str) -> None:
        self.scope = scope
        self.member = member
        super().__init__(f"{member} does not coordinate the scope {scope} at that time")


class ProgrammeMismatch(DomainError):
    """The scope is a programme and none is named, or a programme is named for another scope."""

    code = "programme_mismatch"

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__(
            "the scope programme needs the code of the programme"
            if scope == "programme"
            else f"the scope {scope} has no programme"
        )


class HandoverStillOpen(DomainError):
    """A handover of the scope is open already."""

    code = "handover_open"

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__(f"a handover of the scope {scope} is open")


class HandoverToSameMember(DomainError):
    """The coordinator hands over to itself."""

    code = "handover_to_same_member"

    def __init__(self, member: str) -> None:
        self.member = member
        super().__init__(f"{member} hands over to itself")


class NoOpenHandover(DomainError):
    """The scope has no open handover of this member at the stated time."""

    code = "no_open_handover"

    def __init__(self, scope: str, member: str) -> None:
        self.scope = scope
        self.member = member
        super().__init__(f"the scope {scope} has no open handover that {member} can answer")


class AttributionPeriodEmpty(DomainError):
    """The attribution ends before it begins."""

    code = "attribution_period_empty"

    def __init__(self, since: datetime) -> None:
        self.since = since
        super().__init__(f"the attribution begins at {since.isoformat()} and ends before")


class NotAttributed(DomainError):
    """No such attribution goes on until the stated end."""

    code = "not_attributed"

    def __init__(self, target_kind: str, target: str) -> None:
        self.target_kind = target_kind
        self.target = target
        super().__init__(f"no attribution to the {target_kind} {target} goes on until then")


class PlanAlreadyActive(DomainError):
    """The person already has an active plan of the category."""

    code = "plan_already_active"

    def __init__(self, stream: StreamId, category: str) -> None:
        self.stream = stream
        self.category = category
        super().__init__(f"the person has an active {category} plan at that time: {stream}")


class ConcernUnknown(DomainError):
    """The plan has no open concern with this id."""

    code = "concern_unknown"

    def __init__(self, concern: str) -> None:
        self.concern = concern
        super().__init__(f"the plan has no open concern {concern} at that time")


class GoalUnknown(DomainError):
    """The plan has no goal with this id."""

    code = "goal_unknown"

    def __init__(self, goal: str) -> None:
        self.goal = goal
        super().__init__(f"the plan has no goal {goal} at that time")


class ActivityUnknown(DomainError):
    """The plan has no activity with this id."""

    code = "activity_unknown"

    def __init__(self, activity: str) -> None:
        self.activity = activity
        super().__init__(f"the plan has no activity {activity} at that time")


class GoalHasOpenActivities(DomainError):
    """Open activities serve the goal, so it cannot end."""

    code = "goal_has_open_activities"

    def __init__(self, goal: str, activities: Sequence[str]) -> None:
        self.goal = goal
        self.activities = tuple(activities)
        super().__init__(f"goal {goal} has open activities: {', '.join(self.activities)}")


class PartExists(DomainError):
    """The stream has or had a part with this id, or a revision names the part twice."""

    code = "part_exists"

    def __init__(self, part: str) -> None:
        self.part = part
        super().__init__(f"the id {part} is used already")


class NothingRevised(DomainError):
    """The revision adds, changes and removes nothing."""

    code = "nothing_revised"

    def __init__(self) -> None:
        super().__init__("the revision changes no part of the plan")


class NothingCompared(DomainError):
    """The reconciliation names no list that it compares."""

    code = "nothing_compared"

    def __init__(self) -> None:
        super().__init__("a reconciliation names the lists that it compares")


class ListUnknown(DomainError):
    """The person has no medication list with this id."""

    code = "list_unknown"

    def __init__(self, list_id: str) -> None:
        self.list_id = list_id
        super().__init__(f"no list {list_id} is recorded at that time")


class ItemUnknown(DomainError):
    """No compared list has this item, or two decisions are about it."""

    code = "item_unknown"

    def __init__(self, item: str) -> None:
        self.item = item
        super().__init__(f"{item} is no item of the compared lists, or it is decided twice")


class UndecidedItems(DomainError):
    """Items of the compared lists have no decision, and none is said to be unresolved."""

    code = "undecided_items"

    def __init__(self, undecided: int) -> None:
        self.undecided = undecided
        super().__init__(f"items without a decision: {undecided}; unresolved: 0")


class DiscrepancyUnknown(DomainError):
    """The person has no open discrepancy with this id."""

    code = "discrepancy_unknown"

    def __init__(self, discrepancy: str) -> None:
        self.discrepancy = discrepancy
        super().__init__(f"no discrepancy {discrepancy} is open at that time")


class UnknownWorkItem(DomainError):
    """The work list has no such item: the work is done, or its due time has changed."""

    code = "unknown_work_item"

    def __init__(self) -> None:
        super().__init__("the work list has no such item")


class ClaimedByAnother(DomainError):
    """Another party has claimed the item."""

    code = "claimed_by_another"

    def __init__(self, until: datetime) -> None:
        self.until = until
        super().__init__(f"another party has claimed it until {until.isoformat()}")


class SnoozedTooLong(DomainError):
    """The item would wait for longer than an item may, or until a time that is over."""

    code = "snoozed_too_long"

    def __init__(self, until: datetime, latest: datetime) -> None:
        self.until = until
        self.latest = latest
        super().__init__(
            f"it would wait until {until.isoformat()}; it may wait until a later time than now,"
            f" and at most until {latest.isoformat(timespec='seconds')}"
        )


class AnchorUnknown(DomainError):
    """No known encounter contains the statement."""

    code = "anchor_unknown"

    def __init__(self) -> None:
        super().__init__("no known encounter contains this statement")


class TransitionNotOpen(DomainError):
    """People cannot act: there is no discharge that holds, or the patient ended it.

    It is never raised only because a deadline or the window of the transition is over.
    """

    code = "transition_not_open"

    def __init__(self, state: str) -> None:
        self.state = state
        reasons = {
            "declined": "the patient declined follow-up before",
            "moved_away": "the patient moved away before",
        }
        reason = reasons.get(state, "no discharge before this time gives a transition")
        super().__init__(f"the transition is not open: {reason}")


class StepUnknown(DomainError):
    """The protocol does not ask for this step after this discharge."""

    code = "step_unknown"

    def __init__(self, step: str, steps: Sequence[str]) -> None:
        self.step = step
        self.steps = tuple(steps)
        super().__init__(
            f"{step} is no step of this transition; its steps are {', '.join(steps) or 'none'}"
        )


class StepAlreadyDone(DomainError):
    """The step is recorded already with the same content, or it is done and cannot be waived."""

    code = "step_already_done"

    def __init__(self, step: str) -> None:
        self.step = step
        super().__init__(f"the step {step} is recorded already")


class FollowUpBeforeDischarge(DomainError):
    """The visit would be before the discharge that it follows."""

    code = "follow_up_before_discharge"

    def __init__(self) -> None:
        super().__init__("the visit is before the discharge")


class NotInteractive(DomainError):
    """A contact in which the other side could not answer is an attempt."""

    code = "not_interactive"

    def __init__(self) -> None:
        super().__init__("a message that nobody answers is an attempt and no contact")


class LastProtocol(DomainError):
    """A store always has a protocol in force from the beginning of time."""

    code = "last_protocol"

    def __init__(self) -> None:
        super().__init__("this protocol is in force from the beginning of time")
