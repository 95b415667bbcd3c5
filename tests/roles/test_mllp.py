"""The readiness of the role that receives ADT."""

from collections.abc import Sequence

import pytest

from caretrail.roles.mllp import WatchedRecorder
from commands.ports.intake import IncomingMessage, MessageOutcome
from commands.ports.store import StoreUnavailable


def test_the_role_is_not_ready_for_30_s_after_a_failure_to_record() -> None:
    now, full = 0.0, True

    def record(_messages: Sequence[IncomingMessage]) -> list[MessageOutcome]:
        if full:
            raise StoreUnavailable("DiskFull")
        return []

    recorder = WatchedRecorder(record, lambda: now)
    with pytest.raises(StoreUnavailable):
        recorder([])
    assert "recording" in recorder.problems()
    now = 31.0
    assert recorder.problems() == {}

    with pytest.raises(StoreUnavailable):
        recorder([])
    full = False
    recorder([])
    assert recorder.problems() == {}
