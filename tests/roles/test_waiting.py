"""Who waits for the read models is told so, once."""

from collections.abc import Callable

import pytest

from caretrail.cli.waiting import catch_up


class Slow:
    """Read models that get there after some looks, a second apart."""

    def __init__(self, looks: int) -> None:
        self.looks = looks
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def catch_up(self, shown: Callable[[int], None]) -> None:
        for index in range(self.looks):
            self.seconds += 1
            shown(index)


@pytest.mark.parametrize(("looks", "said"), [(2, 0), (3, 1), (60, 1)])
def test_a_long_wait_is_told_once(
    looks: int, said: int, capsys: pytest.CaptureFixture[str]
) -> None:
    models = Slow(looks)
    catch_up(models, models.now)
    assert capsys.readouterr().err.count("waits for the read models, which are at event 2") == said
