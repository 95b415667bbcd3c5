"""A protocol tried on past discharges: what each step would have been, beside what it was.

Nothing is recorded. The transitions of a patient are derived twice from the same facts: with the
protocols that were published, and with the proposed one in force from the beginning of time.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, TypeAlias

from domain.attribution import NO_ATTRIBUTIONS, Attributions
from domain.continuity import Death
from domain.duties import is_past
from domain.ids import EncounterId
from domain.rules import Protocol, Protocols, PublishedProtocol
from domain.transition.derived import (
    AppliedEvents,
    OpenTransition,
    Transition,
    transitions_of,
)
from domain.transition.kinds import EncounterFacts
from domain.transition.reconciliations import NO_RECONCILIATIONS, Reconciliations
from domain.transition.steps import TransitionStep

#: How a step of a past discharge stands at an instant. ``ended`` means that it is owed no longer,
#: although it was not done: the patient died, was readmitted, declined or moved away.
StepOutcome: TypeAlias = Literal["in_time", "late", "overdue", "not_yet_due", "waived", "ended"]
OUTCOMES: Final[tuple[StepOutcome, ...]] = (
    "in_time",
    "late",
    "overdue",
    "not_yet_due",
    "waived",
    "ended",
)


def outcome(transition: Transition, step: TransitionStep, at: datetime) -> StepOutcome:
    """Return how a step stands at an instant; what was done later counts as not yet done.

    The end of the window ends no duty: a step that was not done stays overdue (section *Deadlines*
    of ``docs/reference/transitions.md``).
    """
    if step.done is not None and step.done.at <= at:
        return "late" if is_past(step.due, step.done.at) else "in_time"
    if step.waived is not None and step.waived.at <= at:
        return "waived"
    if not isinstance(transition.state, OpenTransition):
        return "ended"
    return "overdue" if is_past(step.due, at) else "not_yet_due"


@dataclass(frozen=True, slots=True)
class StepOfKind:
    """A step of one kind of transition, such as the contact after a discharge to home."""

    kind: str
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedStep:
    """A step of one discharge whose outcome differs between the two protocols.

    ``before`` and ``after`` are None if the protocol has no such step for the discharge.
    """

    encounter_id: EncounterId
    of: StepOfKind
    before: StepOutcome | None
    after: StepOutcome | None


Outcomes: TypeAlias = Mapping[StepOfKind, StepOutcome]


@dataclass(slots=True)
class TrialCounts:
    """The outcomes of steps under one protocol, counted. Its size does not grow with discharges."""

    transitions: Counter[str] = field(default_factory=Counter)  # by kind
    steps: dict[StepOfKind, Counter[StepOutcome]] = field(default_factory=dict)

    def add(self, kind: str, outcomes: Outcomes) -> None:
        """Count one transition."""
        self.transitions[kind] += 1
        for step, one in outcomes.items():
            self.steps.setdefault(step, Counter())[one] += 1


@dataclass(slots=True)
class ProtocolTrial:
    """Count what the steps were, and what they would have been with another protocol.

    Args:
        proposed: The protocol that is tried.
        since: Discharges before it are left out; None: none is too old.
        at: Outcomes are as of this instant, and later discharges are left out.
    """

    proposed: Protocol
    since: datetime | None
    at: datetime
    before: TrialCounts = field(default_factory=TrialCounts)
    after: TrialCounts = field(default_factory=TrialCounts)

    def add(
        self,
        encounters: Sequence[EncounterFacts],
        *,
        death: Death | None,
        events: Mapping[EncounterId, AppliedEvents],
        protocols: Protocols,
        medications: Reconciliations = NO_RECONCILIATIONS,
        attributions: Attributions = NO_ATTRIBUTIONS,
    ) -> Iterator[TriedStep]:
        """Count the discharges of one patient; yield the steps whose outcome differs.

        ``attributions`` are those of the patient: they choose the lines of payers in both cases.
        The other arguments are those of ``transitions_of``.
        """
        only_proposed = Protocols.of([PublishedProtocol(None, self.proposed)])
        found = [
            {
                each.encounter_id: each
                for each in transitions_of(
                    encounters,
                    death=death,
                    events=events,
                    protocols=some.of_patient(attributions),
                    medications=medications,
                )
                if isinstance(each, Transition) and self._counts(each)
            }
            for some in (protocols, only_proposed)
        ]
        was, would_be = (
            _outcomes(each, counts, self.at)
            for each, counts in zip(found, (self.before, self.after), strict=True)
        )
        for encounter in dict.fromkeys((*was, *would_be)):
            yield from _differing(encounter, was.get(encounter, {}), would_be.get(encounter, {}))

    def _counts(self, transition: Transition) -> bool:
        discharged = transition.discharge_at
        return discharged <= self.at and (self.since is None or discharged >= self.since)


def _outcomes(
    transitions: Mapping[EncounterId, Transition], counts: TrialCounts, at: datetime
) -> dict[EncounterId, Outcomes]:
    """Return the outcomes of each transition, and add them to the counts."""
    found: dict[EncounterId, Outcomes] = {}
    for encounter, each in transitions.items():
        outcomes = {
            StepOfKind(each.kind, step.code): outcome(each, step, at) for step in each.steps
        }
        counts.add(each.kind, outcomes)
        found[encounter] = outcomes
    return found


def _differing(encounter: EncounterId, was: Outcomes, would_be: Outcomes) -> Iterable[TriedStep]:
    for step in dict.fromkeys((*was, *would_be)):
        before, after = was.get(step), would_be.get(step)
        if before != after:
            yield TriedStep(encounter_id=encounter, of=step, before=before, after=after)
