"""Choose the statements that count, if messages were read more than once.

``caretrail messages reprocess`` reads received messages again with the profiles and the mapping of
today. A statement of the later reading names the events that it supersedes. A statement counts if
no event that is known supersedes it, and if it is no withdrawal. So the choice depends on the set
of known events only: an earlier known-at shows the earlier reading.
"""

from collections.abc import Iterable, Sequence
from operator import attrgetter

from domain.catalogue import WITHDRAWN
from domain.ids import EventId
from domain.statement import may_join_records
from projections.engine.events import FiledStatement, records_named
from projections.engine.links import UnionFind

_supersedes = attrgetter("statement.supersedes")


def latest_readings(filed: Sequence[FiledStatement]) -> Sequence[FiledStatement]:
    """Return the statements that count, in the order given; ``filed`` itself if all count."""
    superseding = list(filter(None, map(_supersedes, filed)))
    if not superseding:
        return filed
    gone: set[EventId] = {event_id for each in superseding for event_id in each}
    return [one for one in filed if one.event_id not in gone and one.topic != WITHDRAWN]


def joined_groups(filed: Sequence[FiledStatement]) -> list[Sequence[FiledStatement]]:
    """Return the statements in groups whose records may concern each other, in the order given.

    A component only grows: it stays joined if a later reading no longer states the number that
    joined it. The groups are the components of a home that has these statements alone.
    """
    if len({one.statement.record for one in filed}) <= 1:
        return [filed] if filed else []
    union = UnionFind()
    for one in filed:
        union.join(_nodes(one))
    groups: dict[str, list[FiledStatement]] = {}
    for one in filed:
        groups.setdefault(union.find(one.statement.record), []).append(one)
    return list(groups.values())


def _nodes(one: FiledStatement) -> Sequence[str]:
    return (*records_named(one.statement), *_joining(one))


def _joining(one: FiledStatement) -> Iterable[str]:
    for each in one.statement.identifiers:
        if may_join_records(
            field=each.field, kind=each.type, trusted=each.trusted, placeholder=each.placeholder
        ):
            yield each.ref
