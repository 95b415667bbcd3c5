"""Compare two revisions of a care plan."""

from collections.abc import Mapping
from dataclasses import dataclass

from caretrail.reading.activities import stream_facts
from caretrail.reading.members import Json, instant
from caretrail.reading.past_courses import NOW, TwoClocks
from caretrail.reading.patient_index import Database
from domain.care_plan import CARE_PLAN, KIND, PartDifference, PlanComparison, compare
from domain.care_plan.rules import PlanHistory
from domain.care_plan.states import NotDrafted, PlanRevision
from domain.decider import as_of, fold
from domain.errors import UnknownStream
from domain.ids import StreamId
from projections.engine.own_events import own_of_stream


class NoSuchRevision(LookupError):
    """The plan has no revision with this number."""

    def __init__(self, number: int, known: list[int]) -> None:
        self.number = number
        self.known = known
        super().__init__(f"no revision {number}; the plan has {known}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRevisions:
    """Two revisions of a plan, and what differs between them."""

    revisions: Mapping[int, PlanRevision]  # all of the plan, by number
    earlier: PlanRevision
    later: PlanRevision
    found: PlanComparison


def compared_revisions(
    connection: Database,
    stream: StreamId,
    earlier: int | None = None,
    later: int | None = None,
    *,
    clocks: TwoClocks = NOW,
) -> ComparedRevisions:
    """Compare two revisions of a plan.

    Args:
        connection: The connection of the caller.
        stream: The plan.
        earlier: The number of a revision; None: the one before ``later``.
        later: The number of a revision; None: the last one.
        clocks: The instants of the answer.

    Raises:
        UnknownStream: There is no such plan.
        NoSuchRevision: The plan has no such revision, or was never in force.
    """
    rows = [each for each in own_of_stream(connection, stream) if clocks.know(each.source_position)]
    history: PlanHistory = KIND.existing(stream, stream_facts(rows))
    if clocks.as_of is not None:
        history = as_of(history, clocks.as_of)
    state = fold(CARE_PLAN, history).state
    if isinstance(state, NotDrafted):
        raise UnknownStream(stream)
    revisions = {each.number: each for each in state.plan.revisions}
    last = max(revisions, default=0) if later is None else later
    first = max(last - 1, 0) if earlier is None else earlier
    for number in (first, last):
        if number not in revisions:
            raise NoSuchRevision(number, sorted(revisions))
    return ComparedRevisions(
        revisions=revisions,
        earlier=revisions[first],
        later=revisions[last],
        found=compare(revisions[first], revisions[last]),
    )


def plan_comparison(both: ComparedRevisions, stream: StreamId) -> Json:
    """Return what differs between two revisions of a plan, part by part."""
    found = both.found
    return {
        "stream_id": stream,
        "earlier": _revision_json(both.earlier),
        "later": _revision_json(both.later),
        "added": [_part_json(each) for each in found.added],
        "removed": [_part_json(each) for each in found.removed],
        "changed": [{**_part_json(each), "members": list(each.members)} for each in found.changed],
        "unchanged": list(found.unchanged),
    }


def _revision_json(revision: PlanRevision) -> Json:
    return {
        "number": revision.number,
        "revised_at": instant(revision.at.at),
        "revised_precision": revision.at.precision,
        "reason": revision.event.reason if revision.event else None,
    }


def _part_json(part: PartDifference) -> Json:
    return {"part_id": part.part_id, "kind": part.kind}
