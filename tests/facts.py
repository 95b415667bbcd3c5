"""Decisions of an installation without read models: nothing is known of any person."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from typing_extensions import override

from commands.decisions import Decisions
from commands.ports.facts import Facts, KnownEncounter
from commands.ports.streams import Streams
from domain.decider import StreamEvent
from domain.events import OwnEvent
from domain.ids import DEVELOPMENT_KEY, IdKey, RecordId, StatementRef, StreamId
from domain.transition.stream import ActedOn
from domain.work import ItemId, WorkItem
from infra.clock import new_id


class NothingKnown(Facts):
    """Answers each question as if no message had come."""

    @override
    def died_at(self, records: Collection[RecordId]) -> Mapping[RecordId, datetime]:
        return {}

    @override
    def born_at(self, records: Collection[RecordId]) -> Mapping[RecordId, datetime]:
        return {}

    @override
    def encounter(self, ref: StatementRef) -> KnownEncounter | None:
        return None

    @override
    def transition(self, ref: StatementRef) -> ActedOn | None:
        return None

    @override
    def streams(
        self, record: RecordId, kind: str
    ) -> Mapping[StreamId, Sequence[StreamEvent[OwnEvent]]]:
        return {}

    @override
    def installation(self, kind: str) -> Mapping[StreamId, Sequence[StreamEvent[OwnEvent]]]:
        return {}

    @override
    def work_item(self, item: ItemId) -> WorkItem | None:
        return None


def knowing_nothing(streams: Streams, *, now: Callable[[], datetime]) -> Decisions:
    """Return decisions that know only the streams."""
    return Decisions(
        streams=streams,
        facts=NothingKnown(),
        id_key=IdKey(DEVELOPMENT_KEY),
        now=now,
        new_id=new_id,
    )
