"""Compare two revisions of a care plan, part by part."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from domain.care_plan.parts import KINDS_OF_PARTS, PartKind
from domain.care_plan.states import PlanActivity, PlanConcern, PlanGoal, PlanRevision


@dataclass(frozen=True, slots=True)
class PartDifference:
    """How a part differs between two revisions. ``members`` are empty if only one has the part."""

    part_id: str
    kind: PartKind
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanComparison:
    """What differs between two revisions. Each part of either is in one of the four."""

    added: tuple[PartDifference, ...]
    removed: tuple[PartDifference, ...]
    changed: tuple[PartDifference, ...]
    unchanged: tuple[str, ...]


def compare(earlier: PlanRevision, later: PlanRevision) -> PlanComparison:
    """Compare two revisions by the ids of their parts.

    A changed part names its members that differ. A sealed content (``code``, ``text``, ``target``,
    ``words``) differs if it was stated again between the two revisions, because it cannot be read
    here.
    """
    before, after = earlier.parts.all(), later.parts.all()
    changed: list[PartDifference] = []
    unchanged: list[str] = []
    for part_id in filter(after.__contains__, before):
        members = _differing(before[part_id], after[part_id])
        if members:
            changed.append(PartDifference(part_id, _kind(part_id), members))
        else:
            unchanged.append(part_id)
    return PlanComparison(
        added=tuple(PartDifference(each, _kind(each)) for each in after if each not in before),
        removed=tuple(PartDifference(each, _kind(each)) for each in before if each not in after),
        changed=tuple(changed),
        unchanged=tuple(unchanged),
    )


def _kind(part_id: str) -> PartKind:
    return KINDS_OF_PARTS[part_id[0]]


def _differing(
    before: PlanConcern | PlanGoal | PlanActivity, after: PlanConcern | PlanGoal | PlanActivity
) -> tuple[str, ...]:
    then, now = _members(before), _members(after)
    plain = [name for name in now if then[name] != now[name]]
    sealed = [
        name
        for name in {**before.stated, **after.stated}
        if before.stated.get(name, 0) != after.stated.get(name, 0)
    ]
    return (*plain, *sealed)


def _members(part: PlanConcern | PlanGoal | PlanActivity) -> Mapping[str, object]:
    """Return the members of a part that a reader compares, by name."""
    match part:
        case PlanConcern():
            return {"assessment": part.concern.assessment, "resolved": part.resolved}
        case PlanGoal():
            goal = part.goal
            return {
                "owner": goal.owner,
                "priority": goal.priority,
                "target_on": goal.target_on,
                "achievement": part.achievement,
            }
        case PlanActivity():
            activity = part.activity
            return {
                "kind": activity.kind,
                "goals": activity.goals,
                "responsible": activity.responsible,
                "by_patient": activity.by_patient,
                "due_on": activity.due_on,
                "repeat": activity.repeat,
                "status": part.status,
                "outcome": part.outcome,
            }
        case _:
            assert_never(part)
