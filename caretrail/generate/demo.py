"""The week of the demo: a small region, the same every time."""

from datetime import datetime

from caretrail.generate.region import region
from caretrail.generate.stories import Stories, when
from caretrail.generate.world import World
from caretrail.generate.worth_seeing import Interesting


class DemoWeek(World):
    """A world with stories. ``interesting`` is filled when the first message is drawn."""

    def __init__(self, seed: int, stories: Stories) -> None:
        super().__init__(
            seed,
            7,
            start=when(0, 0, 0),
            facilities=region(seed),
            trouble=0.2,
            visits_a_day=60,
            stories=stories.tell,
        )
        self._told = stories

    @property
    def now(self) -> datetime:
        """Return the present of the demo: Tuesday 10 March 2026, 16:00 in Chicago.

        The last messages of the week are sent after its end. ``now`` is later than all of them, so
        that no page shows an event of the future.
        """
        return when(8, 16, 0)

    @property
    def interesting(self) -> tuple[Interesting, ...]:
        """The patients worth a look; empty before messages are drawn."""
        return tuple(self._told.interesting)


def demo_week(seed: int = 2026) -> DemoWeek:
    """Return the seeded week in a region of seven facilities, from Monday 2 March 2026."""
    return DemoWeek(seed, Stories())
