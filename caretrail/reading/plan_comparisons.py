"""Compare two revisions of a care plan."""

from caretrail.reading.activities import stream_facts
from caretrail.reading.members import Json, instant
from caretrail.reading.patient_index import Database
from domain.care_plan import CARE_PLAN, KIND, PartDifference, compare
from domain.care_plan.rules import PlanHistory
from domain.care_plan.states import NotDrafted, PlanRevision
from domain.decider import fold
from domain.errors import UnknownStream
from domain.ids import StreamId
from projections.engine.own_events import own_of_stream


class NoSuchRevision(LookupError):
    """The plan has no revision with this number."""

    def __init__(self, number: int, known: list[int]) -> None:
        self.number = number
        self.known = known
        super().__init__(f"no revision {number}; the plan has {known}")


def plan_comparison(connection: Database, stream: StreamId, earlier: int, later: int) -> Json:
    """Return what differs between two revisions of a plan, part by part.

    Raises:
        UnknownStream: There is no such plan.
        NoSuchRevision: The plan has no such revision.
    """
    history: PlanHistory = KIND.existing(stream, stream_facts(own_of_stream(connection, stream)))
    state = fold(CARE_PLAN, history).state
    if isinstance(state, NotDrafted):
        raise UnknownStream(stream)
    revisions = {each.number: each for each in state.plan.revisions}
    for number in (earlier, later):
        if number not in revisions:
            raise NoSuchRevision(number, sorted(revisions))
    found = compare(revisions[earlier], revisions[later])
    return {
        "stream_id": stream,
        "earlier": _revision_json(revisions[earlier]),
        "later": _revision_json(revisions[later]),
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
