"""A role that must not go on says why until it works again."""

from threading import Event

import pytest

from caretrail.roles import halting
from caretrail.roles.halting import Halting
from commands.ports.store import StoreUnavailable
from commands.ports.topic import TopicAheadOfStore


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(halting, "_AGAIN_SECONDS", 0.001)


def test_a_halted_role_says_why_while_it_looks_again_until_it_works() -> None:
    role, stop = Halting(), Event()
    seen = list[dict[str, str]]()

    def work() -> None:
        seen.append(dict(role.problems()))
        if len(seen) < 3:
            raise TopicAheadOfStore("It was set back.", remedy="Restore it.")
        role.works()
        stop.set()

    role.run(work, stop)
    assert seen == [{}, *[{"halted": "It was set back. Restore it."}] * 2]
    assert role.problems() == {}


def test_another_error_ends_the_role() -> None:
    def work() -> None:
        raise StoreUnavailable

    with pytest.raises(StoreUnavailable):
        Halting().run(work, Event())
