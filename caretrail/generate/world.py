"""A world: a region, some days, and every message of them in order of sending."""

import heapq
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from caretrail.generate.biography import Life
from caretrail.generate.hospital import Facility
from caretrail.generate.lives import Lives
from caretrail.generate.messages import encode
from caretrail.generate.region import region
from caretrail.generate.telling import Telling
from caretrail.generate.truth import Account

#: How far before the feed is switched on stays may have begun.
BEFORE = 12
#: So many worlds in a row have numbers of their own, so many of each kind.
_WORLDS: Final = 90
_APART: Final = 10_000


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as it leaves: when, from whom (MSH-4), its bytes."""

    at: datetime
    sender: str
    data: bytes


class World:
    """What ``generate`` returns. Drawing the messages also fills ``truth``.

    ``messages`` can be drawn once; memory does not grow with their number, but the truth does.
    """

    def __init__(
        self,
        seed: int,
        days: int,
        *,
        start: datetime,
        facilities: tuple[Facility, ...],
        trouble: float,
        visits_a_day: float,
        undecidable: float = 0.0,
        stories: Callable[[Lives], list[Life]] | None = None,
    ) -> None:
        self.seed = seed
        self.days = days
        self.start = start
        self.horizon = start + timedelta(days=days)
        self.facilities = facilities
        self.trouble = trouble
        self.visits_a_day = visits_a_day
        self.undecidable = undecidable
        self.truth = Account()
        self._stories = stories  # told besides what is drawn
        self.messages: Iterator[Sent] = self._messages()

    def _lives(self) -> Iterator[tuple[datetime, list[Life]]]:
        """Draw day by day; what a day adds is told on that day or later."""
        rng = random.Random(f"world {self.seed}")  # noqa: S311  # reproducible, not secret
        lives = Lives(
            rng,
            self.facilities,
            start=self.start,
            horizon=self.horizon,
            trouble=self.trouble,
            undecidable=self.undecidable,
            after=_after(self.seed),
        )
        first = self._stories(lives) if self._stories else []
        for day in range(-BEFORE, 0):
            midnight = self.start + timedelta(days=day)
            first += [
                lives.under_way(midnight + _hour(rng))
                for _ in range(_poisson(rng, self.visits_a_day))
            ]
        yield self.start, first
        for day in range(self.days):
            midnight = self.start + timedelta(days=day)
            lives.beds.forget(midnight)
            yield (
                midnight,
                [
                    lives.draw(midnight + _hour(rng))
                    for _ in range(_poisson(rng, self.visits_a_day))
                ],
            )

    def _messages(self) -> Iterator[Sent]:
        order = count()
        told: list[tuple[datetime, int, Telling]] = []
        waiting: list[tuple[datetime, int, Sent]] = []
        controls: dict[str, int] = defaultdict(lambda: _after(self.seed))

        def make(until: datetime | None) -> None:
            while told and (until is None or told[0][0] < until):
                _, _, telling = heapq.heappop(told)
                code = telling.facility.code
                controls[code] += 1
                data = encode(
                    telling, telling.control or _control(telling.facility, controls[code])
                )
                for at in (telling.delivered, *telling.copies):
                    heapq.heappush(waiting, (at, next(order), Sent(at, code, data)))

        def send(until: datetime | None) -> Iterator[Sent]:
            while waiting and (until is None or waiting[0][0] < until):
                yield heapq.heappop(waiting)[2]

        for midnight, lives in self._lives():
            earliest = midnight - timedelta(minutes=10)  # registered shortly before the visit
            make(earliest)
            yield from send(earliest)
            for life in lives:
                self.truth.patients += life.patients
                for telling in life.tellings:
                    heapq.heappush(told, (telling.created, next(order), telling))
        make(None)
        yield from send(None)


def _after(seed: int) -> int:
    """Return after which number a world begins to count, so that two of them meet in one home."""
    return seed % _WORLDS * _APART


def _control(facility: Facility, number: int) -> str:
    if facility.habits.numeric_control:
        return str(100000 + number)
    return f"{facility.code}{number:07d}"


def _hour(rng: random.Random) -> timedelta:
    """Draw a time of day: most come between eight and twenty."""
    hour = rng.gauss(14, 4) if rng.random() < 0.75 else rng.uniform(0, 24)  # noqa: PLR2004
    return timedelta(seconds=round(min(23.9, max(0.2, hour)) * 3600))


def _poisson(rng: random.Random, mean: float) -> int:
    """Draw how many come on a day: about the mean, give or take its root."""
    return max(0, round(rng.gauss(mean, mean**0.5)))


def generate(
    seed: int,
    days: int,
    *,
    start: datetime,
    facilities: int = 7,
    trouble: float = 0.3,
    numbered_only: bool = False,
    undecidable: float = 0.0,
    visits_a_day: float | None = None,
) -> World:
    """Return a world of ``days`` days from ``start``, an aware datetime.

    Args:
        seed: The same seed gives the same bytes.
        days: How long the feed lasts; what was told wrongly is repaired a little later.
        start: When the feed is switched on.
        facilities: How many: the seven of the demo first, then drawn ones of every habit.
        trouble: The share of visits in which something goes wrong, from 0 to 1.
        numbered_only: Every sender gives its visits numbers, on each message.
        undecidable: The share of visits told in a way that no rule can decide, besides.
        visits_a_day: New patients on a day; five for each facility unless told.
    """
    return World(
        seed,
        days,
        start=start,
        facilities=region(seed, facilities, numbered_only=numbered_only),
        trouble=trouble,
        undecidable=undecidable,
        visits_a_day=5.0 * facilities if visits_a_day is None else visits_a_day,
    )
