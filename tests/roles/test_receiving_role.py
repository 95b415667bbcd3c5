"""What the receiving role says of itself."""

from collections.abc import Sequence

import pytest

from caretrail.roles.mllp import Recording
from commands.ports.intake import Outcome, Received
from commands.ports.store import StoreUnavailable


def test_it_is_not_ready_for_a_while_after_messages_could_not_be_recorded() -> None:
    now, full = 0.0, True

    def record(_messages: Sequence[Received]) -> list[Outcome]:
        if full:
            raise StoreUnavailable("DiskFull")
        return []

    recording = Recording(record, lambda: now)
    with pytest.raises(StoreUnavailable):
        recording([])
    assert "recording" in recording.problems()
    now = 31.0
    assert recording.problems() == {}

    with pytest.raises(StoreUnavailable):
        recording([])
    full = False
    recording([])
    assert recording.problems() == {}
