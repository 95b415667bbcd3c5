"""Generate a world: the messages of a region over some days, in order of sending."""

import heapq
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from caretrail.generate.adt_message import AdtMessage
from caretrail.generate.biography import GeneratedLife
from caretrail.generate.hl7_encoding import encode
from caretrail.generate.hospital import Facility
from caretrail.generate.life_generator import LifeGenerator
from caretrail.generate.region import region
from caretrail.generate.truth import WorldTruth

#: Days before the feed begins on which stays of the world may have begun.
BEFORE = 12
#: This many worlds with successive seeds share no numbers; each has so many numbers of a kind.
_WORLDS: Final = 90
_APART: Final = 10_000


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message as it is sent."""

    at: datetime
    sender: str  # MSH-4
    data: bytes


class World:
    """The result of ``generate``: messages, and the truth behind them.

    ``messages`` can be drawn only once. Drawing them also fills ``truth``. Memory does not grow
    with the number of messages, except for the truth.
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
        stories: Callable[[LifeGenerator], list[GeneratedLife]] | None = None,
    ) -> None:
        self.seed = seed
        self.days = days
        self.start = start
        self.horizon = start + timedelta(days=days)
        self.facilities = facilities
        self.trouble = trouble
        self.visits_a_day = visits_a_day
        self.undecidable = undecidable
        self.truth = WorldTruth()
        self._stories = stories  # lives in addition to the drawn ones
        self.messages: Iterator[SentMessage] = self._messages()

    def _lives(self) -> Iterator[tuple[datetime, list[GeneratedLife]]]:
        """Draw the lives day by day; their messages are made on that day or later."""
        rng = random.Random(f"world {self.seed}")  # noqa: S311  # reproducible, not secret
        lives = LifeGenerator(
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

    def _messages(self) -> Iterator[SentMessage]:
        order = count()
        unmade: list[tuple[datetime, int, AdtMessage]] = []  # by the time they are made
        unsent: list[tuple[datetime, int, SentMessage]] = []  # by the time they are sent
        controls: dict[str, int] = defaultdict(lambda: _after(self.seed))

        def make(until: datetime | None) -> None:
            while unmade and (until is None or unmade[0][0] < until):
                _, _, message = heapq.heappop(unmade)
                code = message.facility.code
                controls[code] += 1
                data = encode(
                    message, message.control or _control(message.facility, controls[code])
                )
                for at in (message.delivered, *message.copies):
                    heapq.heappush(unsent, (at, next(order), SentMessage(at, code, data)))

        def send(until: datetime | None) -> Iterator[SentMessage]:
            while unsent and (until is None or unsent[0][0] < until):
                yield heapq.heappop(unsent)[2]

        for midnight, lives in self._lives():
            earliest = midnight - timedelta(minutes=10)  # a person is registered before the visit
            make(earliest)
            yield from send(earliest)
            for life in lives:
                self.truth.patients += life.patients
                for message in life.messages:
                    heapq.heappush(unmade, (message.created, next(order), message))
        make(None)
        yield from send(None)


def _after(seed: int) -> int:
    """Return the number after which a world counts, so that two worlds can share one home."""
    return seed % _WORLDS * _APART


def _control(facility: Facility, number: int) -> str:
    if facility.habits.numeric_control:
        return str(100000 + number)
    return f"{facility.code}{number:07d}"


def _hour(rng: random.Random) -> timedelta:
    """Draw a time of day; most are between 8 and 20 o'clock."""
    hour = rng.gauss(14, 4) if rng.random() < 0.75 else rng.uniform(0, 24)  # noqa: PLR2004
    return timedelta(seconds=round(min(23.9, max(0.2, hour)) * 3600))


def _poisson(rng: random.Random, mean: float) -> int:
    """Draw a number of visits, normally distributed like a Poisson count of this mean."""
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
        days: How long the feed lasts; corrections may come a little later.
        start: When the feed begins.
        facilities: Their number: the seven of the demo first, then drawn ones with any habits.
        trouble: The share of visits in which something goes wrong, from 0 to 1.
        numbered_only: Whether every sender writes the visit number in each message.
        undecidable: The share of visits with events that no rule can decide, in addition.
        visits_a_day: New patients on a day; if None, five for each facility.
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
