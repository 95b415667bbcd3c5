"""The library's own tests for recorders, run on our recorder.

The events of these tests have no envelope, so a subclass used only here adds a neutral one. The
columns and constraints of the table are the real ones.
"""

import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from uuid import UUID

import pytest
from eventsourcing.persistence import AggregateRecorder, StoredEvent
from eventsourcing.postgres import PostgresDatastore
from typing_extensions import override

from domain.body import Actor
from infra.clock import new_id
from infra.event_store import CareRecorder, UnsafeFunctions
from infra.postgres import Datastore
from infra.recorder import Columns

if TYPE_CHECKING:
    from eventsourcing.tests import persistence as cases
else:
    # The module also tests a cipher that needs pycryptodome, which is not among our dependencies.
    with patch.dict(sys.modules, {"eventsourcing.cipher": ModuleType("eventsourcing.cipher")}):
        sys.modules["eventsourcing.cipher"].AESCipher = SimpleNamespace
        cases = import_module("eventsourcing.tests.persistence")

pytestmark = pytest.mark.postgres


class NeutralRecorder(CareRecorder):
    @override
    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        columns = [
            Columns(
                event_id=new_id(),
                subjects=(str(each.originator_id),),
                tenant="test",
                actor=Actor(kind="system"),
            )
            for each in stored_events
        ]
        return super().insert_events(stored_events, columns=columns)


class NeutralAggregateRecorder(AggregateRecorder):
    """The same with the narrower interface, which returns no ids."""

    def __init__(self, recorder: NeutralRecorder) -> None:
        self._recorder = recorder

    @override
    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        self._recorder.insert_events(stored_events)

    @override
    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        found = self._recorder.select_events(originator_id, gt=gt, lte=lte, desc=desc, limit=limit)
        return list(found)


class _OverPostgres:
    @pytest.fixture(autouse=True)
    def _open(self, database: str) -> Iterator[None]:
        with Datastore(database, schema="es", size=8) as self.datastore:
            yield

    def create_recorder(self) -> NeutralRecorder:
        return NeutralRecorder(self.datastore)


class TestAsAggregateRecorder(cases.AggregateRecorderTestCase):
    _open = _OverPostgres._open
    datastore: Datastore

    @override
    def create_recorder(self) -> NeutralAggregateRecorder:
        return NeutralAggregateRecorder(NeutralRecorder(self.datastore))


class TestAsApplicationRecorder(_OverPostgres, cases.ApplicationRecorderTestCase[NeutralRecorder]):
    pass


class TestIdsDoNotInterleave(_OverPostgres, cases.NonInterleavingNotificationIDsBaseCase):
    pass


def test_functions_that_lose_events_are_refused(database: str) -> None:
    with (
        PostgresDatastore(database, "", "", "", "", enable_db_functions=True) as datastore,
        pytest.raises(UnsafeFunctions),
    ):
        CareRecorder(datastore)
