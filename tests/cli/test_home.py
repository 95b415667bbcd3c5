"""A verb that waits for the read models says so once."""

from collections.abc import Callable

import pytest

from caretrail.cli.home import catch_up


class SlowReadModels:
    """Read models that are up to date after some looks, one second apart."""

    def __init__(self, looks: int) -> None:
        self.looks = looks
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def catch_up(self, shown: Callable[[int], None], *, timeout: float, renewed: bool) -> None:
        del timeout, renewed
        for index in range(self.looks):
            self.seconds += 1
            shown(index)


@pytest.mark.parametrize(("looks", "notes"), [(2, 0), (3, 1), (60, 1)])
def test_a_wait_of_three_seconds_or_more_is_noted_once(
    looks: int, notes: int, capsys: pytest.CaptureFixture[str]
) -> None:
    models = SlowReadModels(looks)
    catch_up(models, models.now, timeout=100)
    assert capsys.readouterr().err.count("waiting for the read models") == notes
