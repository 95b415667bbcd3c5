"""Open what the parts of a care plan say, such as a goal in the words of its owner."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from caretrail.reading.opening import SegmentOpener, pieces_of
from domain.care_plan import CARE_PLAN, KIND
from domain.care_plan.events import CarePlanEvent, CarePlanRevised
from domain.care_plan.sealed import PROGRESS, parts_by_name
from domain.care_plan.states import NotDrafted
from domain.decider import fold
from projections.engine.events import FiledOwnEvent
from projections.person_streams import history


@dataclass(frozen=True, slots=True)
class PartContents:
    """What a part says. Each member is empty if it is not stated, or if its key is gone."""

    text: str = ""  # a goal in the words of its owner; a concern or an activity in words
    clinical: Mapping[str, Any] = field(default_factory=dict)  # code of a concern, target of a goal
    progress: Mapping[str, Any] = field(default_factory=dict)  # value of a goal measured last


def part_contents(
    filed: Sequence[FiledOwnEvent], opener: SegmentOpener, *, upto: int | None = None
) -> dict[str, PartContents]:
    """Return what the parts of a plan say, by their ids.

    Args:
        filed: The events of the plan.
        opener: Opens the sealed segments.
        upto: If given, what they said just after the revision with this number; 0: when the plan
            came into force.
    """
    by_id = {each.event_id: each for each in filed}
    found: dict[str, PartContents] = {}
    folded = fold(CARE_PLAN, history(filed, KIND.events))
    begun = None if isinstance(folded.state, NotDrafted) else folded.state.plan.activation
    for each in folded.applied:
        found |= _stated(each.event, by_id[each.event_id], opener, found)
        number = 0 if each.event is begun else _number(each.event)
        if upto is not None and number == upto:
            break
    return found


def _stated(
    event: CarePlanEvent,
    filed: FiledOwnEvent,
    opener: SegmentOpener,
    before: Mapping[str, PartContents],
) -> dict[str, PartContents]:
    """Return the parts that an event states, with their contents after it."""
    names = parts_by_name(event)
    if not names or not filed.sealed:
        return {}
    texts: dict[str, str] = {}
    for notes in opener.contents(pieces_of(filed, "notes")):
        texts |= notes["texts"]
    clinical: dict[str, Any] = {}
    for one in opener.contents(pieces_of(filed, "clinical")):
        clinical |= one
    stated: dict[str, PartContents] = {}
    for name, part in names.items():
        contents = before.get(part, PartContents())
        if name in texts:
            contents = replace(contents, text=texts[name])
        if name in clinical:
            member = "progress" if name == PROGRESS else "clinical"
            contents = replace(contents, **{member: clinical[name]})
        stated[part] = contents
    return stated


def _number(event: CarePlanEvent) -> int | None:
    """Return the number of the revision that an event states; None if it states none."""
    return event.number if isinstance(event, CarePlanRevised) else None
