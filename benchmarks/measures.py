"""What is measured: each measure alternates the two sides, and keeps every round."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from psycopg.conninfo import conninfo_to_dict

from benchmarks.running import Baseline, Failed, Machine, Ours, ours, resident, run, until

CONNECTIONS: Final = 16
#: Before a round counts: connections, prepared statements, caches.
_WARM_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Scale:
    """How long everything takes."""

    rounds: int
    seconds: float  # of one load
    few: int  # messages before memory is first looked at
    many: int  # messages when it is looked at again


QUICK: Final = Scale(rounds=1, seconds=2.0, few=2_000, many=8_000)
FULL: Final = Scale(rounds=5, seconds=5.0, few=10_000, many=200_000)


@dataclass(slots=True)
class Rates:
    """Rates in a second, round by round, of both sides."""

    baseline: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """The median of the ratios within the rounds."""
        return statistics.median(o / b for b, o in zip(self.baseline, self.ours, strict=True))


@dataclass(slots=True)
class Acknowledged(Rates):
    """And how long an acknowledgement took, in seconds."""

    waits: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def wait(self, name: str) -> tuple[float, float]:
        """Return the medians of p50 and p99."""
        p50, p99 = zip(*self.waits[name], strict=True)
        return statistics.median(p50), statistics.median(p99)


@dataclass(frozen=True, slots=True)
class Grown:
    """Resident memory in MB of one process, with few messages and with many."""

    few: float
    many: float

    @property
    def growth(self) -> float:
        """How much more, as a share."""
        return self.many / self.few - 1


def acknowledged(scale: Scale, baseline: Baseline, caretrail: Ours) -> Acknowledged:
    """Measure messages acknowledged in a second, each durable."""
    found = Acknowledged()
    sides = ((baseline, found.baseline), (caretrail, found.ours))
    for side, _ in sides:
        side.load(CONNECTIONS, seconds=_WARM_SECONDS)
    for _ in range(scale.rounds):
        for side, rates in sides:
            seen = side.load(CONNECTIONS, seconds=scale.seconds)
            rates.append(seen.rate)
            found.waits.setdefault(side.name, []).append((seen.p50, seen.p99))
    return found


def whole_way(scale: Scale, baseline: Baseline, caretrail: Ours) -> Rates:
    """Measure messages in a second from the first byte sent until the last one can be read."""
    found = Rates()
    until(lambda: baseline.shows(baseline.newest()))
    caretrail.load(CONNECTIONS, seconds=_WARM_SECONDS)
    until(lambda: caretrail.shows(caretrail.newest()))
    for _ in range(scale.rounds):
        found.baseline.append(_until_shown(baseline, scale.seconds))
        found.ours.append(_until_shown(caretrail, scale.seconds))
    return found


def _until_shown(side: Baseline | Ours, seconds: float) -> float:
    seen = side.load(CONNECTIONS, seconds=seconds)
    sent_at = time.perf_counter()
    newest = side.newest()
    shown_at = until(lambda: side.shows(newest))  # type: ignore[arg-type]  # its own kind of newest
    return seen.sent / (seen.seconds + shown_at - sent_at)


def memory(
    scale: Scale, machine: Machine, say: Callable[[str], None]
) -> tuple[dict[str, Grown], str]:
    """Measure resident memory while the log grows; return it with the database that it filled."""
    with ours(machine, "mllp", "relay", "projector") as caretrail:
        found = []
        for count in (scale.few, scale.many):
            while caretrail.sent < count:
                caretrail.load(CONNECTIONS, count=min(20_000, count - caretrail.sent))
                say(f"memory: {caretrail.sent} of {scale.many} messages")
            newest = caretrail.newest()
            until(lambda newest=newest: caretrail.shows(newest))  # type: ignore[misc]
            pids = caretrail.pids()
            sizes = {name: resident(pids[name]) for name in ("mllp", "relay", "projector")}
            sizes["rebuild"] = _worked(machine, caretrail.url, "rebuild")["peak"]
            found.append(sizes)
        url = caretrail.url
    few, many = found
    return {name: Grown(few[name], many[name]) for name in few}, url


@dataclass(slots=True)
class Views:
    """Events in a second: ``ProjectionRunner``, and what stands beside it."""

    runner: list[float] = field(default_factory=list)
    live: list[float] = field(default_factory=list)
    reference: list[float] = field(default_factory=list)
    timeline: list[float] = field(default_factory=list)
    drain: list[float] = field(default_factory=list)

    def against_runner(self, rates: Sequence[float]) -> Rates:
        """Return these rates beside those of the runner."""
        return Rates(self.runner, list(rates))


def views(
    scale: Scale, machine: Machine, baseline: Baseline, *, recorded: str, projected: str
) -> Views:
    """Measure keeping and rebuilding read models.

    Args:
        scale: How often.
        machine: Where.
        baseline: The assembly, whose view is to be empty.
        recorded: A database with events and no read models.
        projected: The largest database, whose read models are up to date.
    """
    found = Views()
    for _ in range(scale.rounds):
        found.runner.append(_runner(baseline))
        copy = machine.database(str(conninfo_to_dict(recorded)["dbname"]))
        for rates, url, work in (
            (found.live, copy, ("live",)),
            (found.reference, projected, ("rebuild", "last_seen")),
            (found.timeline, projected, ("rebuild", "timeline")),
            (found.drain, projected, ("drain",)),
        ):
            done = _worked(machine, url, *work)
            rates.append(done["events"] / done["seconds"])
    return found


def _runner(baseline: Baseline) -> float:
    """Let ``ProjectionRunner`` catch up with all that the assembly recorded."""
    newest = baseline.newest()
    baseline.project()
    until(lambda: baseline.position() > 0)
    started, first = time.perf_counter(), baseline.position()
    ended = until(lambda: baseline.shows(newest))
    baseline.stop_projecting()
    if newest - first < 100:
        raise Failed("too few events to measure ProjectionRunner")
    return (newest - first) / (ended - started)


def _worked(machine: Machine, url: str, *work: str) -> dict[str, float]:
    environment = machine.settings(url, projects=False).environment()
    (done,) = run("work", *work, environment=environment)
    return done
