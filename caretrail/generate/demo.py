"""The week of the demo: a small region, the same every time."""

from datetime import datetime

from caretrail.generate.demo_patients import DemoPatient
from caretrail.generate.demo_stories import DemoStories, when
from caretrail.generate.region import region
from caretrail.generate.world import World


class DemoWeek(World):
    """The world of the demo: drawn visits and the patients of the demo's stories."""

    def __init__(self, seed: int, stories: DemoStories) -> None:
        super().__init__(
            seed,
            7,
            start=when(0, 0, 0),
            facilities=region(seed),
            trouble=0.2,
            visits_a_day=60,
            stories=stories.generate,
        )
        self._demo_stories = stories

    @property
    def now(self) -> datetime:
        """Return the present of the demo: Tuesday 10 March 2026, 16:00 in Chicago.

        The last messages of the week are sent after its end. ``now`` is later than all of them, so
        that no page shows an event of the future.
        """
        return when(8, 16, 0)

    @property
    def interesting(self) -> tuple[DemoPatient, ...]:
        """The patients of the stories; empty until the first message is drawn."""
        return tuple(self._demo_stories.interesting)


def demo_week(seed: int = 2026) -> DemoWeek:
    """Return the seeded week in a region of seven facilities, from Monday 2 March 2026."""
    return DemoWeek(seed, DemoStories())
