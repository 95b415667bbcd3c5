"""The facts of an installation without read models: nothing is known of any person."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from typing_extensions import override

from commands.ports.facts import Facts, KnownEncounter
from domain.decider import StreamEvent
from domain.events import OwnEvent
from domain.ids import RecordId, StatementRef, StreamId


class NothingKnown(Facts):
    """Answers each question as if no message had come."""

    @override
    def died_at(self, record: RecordId) -> datetime | None:
        return None

    @override
    def encounter(self, ref: StatementRef) -> KnownEncounter | None:
        return None

    @override
    def streams(
        self, record: RecordId, kind: str
    ) -> Mapping[StreamId, Sequence[StreamEvent[OwnEvent]]]:
        return {}

    @override
    def installation(self, kind: str) -> Mapping[StreamId, Sequence[StreamEvent[OwnEvent]]]:
        return {}
