"""The week of the demo: a small region, the same every time."""

import heapq
from datetime import datetime
from operator import attrgetter
from typing import Final

from caretrail.demo_patients import DemoPatient
from caretrail.generate.demo_care_stories import CareStories
from caretrail.generate.demo_stories import DemoStories
from caretrail.generate.region import region
from caretrail.generate.story_parts import when
from caretrail.generate.world import World

#: The first day of the stories that people continue, before the week.
_CARE_FROM: Final = -14


class DemoWeek(World):
    """The world of the demo: drawn visits and the patients of the demo's stories.

    The stories that people continue by commands are a world of their own, with numbers of their
    own. So every message of the week is the same with them and without them.
    """

    def __init__(self, seed: int, stories: DemoStories, care: CareStories) -> None:
        facilities = region(seed)
        super().__init__(
            seed,
            7,
            start=when(0, 0),
            facilities=facilities,
            trouble=0.2,
            visits_a_day=60,
            stories=stories.generate,
        )
        continued = World(
            seed + 1,
            9 - _CARE_FROM,
            start=when(_CARE_FROM, 0),
            facilities=facilities,
            trouble=0,
            visits_a_day=0,
            stories=care.generate,
        )
        continued.truth = self.truth
        self.messages = heapq.merge(self.messages, continued.messages, key=attrgetter("at"))
        self._demo_stories, self._care_stories = stories, care

    @property
    def now(self) -> datetime:
        """Return the present of the demo: Tuesday 10 March 2026, 16:00 in Chicago.

        The last messages of the week are sent after its end. ``now`` is later than all of them, so
        that no page shows an event of the future.
        """
        return when(8, 16)

    @property
    def interesting(self) -> tuple[DemoPatient, ...]:
        """The patients of the stories; empty until the first message is drawn."""
        fed = self._demo_stories.interesting
        return (*fed[:1], *self.continued, *fed[1:])

    @property
    def continued(self) -> tuple[DemoPatient, ...]:
        """The patients whose stories people continue; empty until the first message is drawn."""
        return tuple(self._care_stories.interesting)


def demo_week(seed: int = 2026) -> DemoWeek:
    """Return the seeded week in a region of seven facilities, from Monday 2 March 2026."""
    return DemoWeek(seed, DemoStories(), CareStories())
