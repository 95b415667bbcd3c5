"""The measures; each alternates between the two sides and keeps the figures of every round."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from psycopg.conninfo import conninfo_to_dict

from benchmarks.running import (
    BaselineSide,
    BenchmarkFailed,
    CaretrailSide,
    Machine,
    ours,
    resident,
    run,
    until,
)

CONNECTIONS: Final = 16
#: Seconds of load before the first round, for connections, prepared statements and caches.
_WARM_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class BenchmarkScale:
    """How long the measures take."""

    rounds: int
    seconds: float  # of one load
    few: int  # messages at the first look at memory
    many: int  # messages at the second look at memory
    patients: int  # of the larger store in which reads are measured
    page_patients: int  # in the read models in which pages are measured
    page_rounds: int  # requests of each page


QUICK: Final = BenchmarkScale(
    rounds=1,
    seconds=2.0,
    few=2_000,
    many=8_000,
    patients=33_334,
    page_patients=4_000,
    page_rounds=5,
)
FULL: Final = BenchmarkScale(
    rounds=5,
    seconds=5.0,
    few=10_000,
    many=200_000,
    patients=100_000,
    page_patients=1_000_000,
    page_rounds=50,
)


@dataclass(slots=True)
class Rates:
    """Rates per second of both sides, round by round."""

    baseline: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """The median of the ratios of each round."""
        return statistics.median(o / b for b, o in zip(self.baseline, self.ours, strict=True))


@dataclass(slots=True)
class AckRates(Rates):
    """Rates of acknowledged messages, and how long an acknowledgement took."""

    #: By side: p50 and p99 of each round, in seconds.
    waits: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def wait(self, name: str) -> tuple[float, float]:
        """Return the medians of p50 and p99 of a side, in seconds."""
        p50, p99 = zip(*self.waits[name], strict=True)
        return statistics.median(p50), statistics.median(p99)


@dataclass(frozen=True, slots=True)
class MemoryGrowth:
    """Resident memory in MB of one process, with few messages and with many."""

    few: float
    many: float

    @property
    def growth(self) -> float:
        """The growth as a share: 0.1 is a tenth more."""
        return self.many / self.few - 1


def acknowledged(
    scale: BenchmarkScale, baseline: BaselineSide, caretrail: CaretrailSide
) -> AckRates:
    """Measure durably acknowledged messages per second."""
    found = AckRates()
    sides = ((baseline, found.baseline), (caretrail, found.ours))
    for side, _ in sides:
        side.load(CONNECTIONS, seconds=_WARM_SECONDS)
    for _ in range(scale.rounds):
        for side, rates in sides:
            seen = side.load(CONNECTIONS, seconds=scale.seconds)
            rates.append(seen.rate)
            found.waits.setdefault(side.name, []).append((seen.p50, seen.p99))
    return found


def whole_way(scale: BenchmarkScale, baseline: BaselineSide, caretrail: CaretrailSide) -> Rates:
    """Measure messages per second from the first byte sent until the last event can be read."""
    found = Rates()
    until(lambda: baseline.shows(baseline.newest()))
    caretrail.load(CONNECTIONS, seconds=_WARM_SECONDS)
    until(lambda: caretrail.shows(caretrail.newest()))
    for _ in range(scale.rounds):
        found.baseline.append(_until_shown(baseline, scale.seconds))
        found.ours.append(_until_shown(caretrail, scale.seconds))
    return found


def _until_shown(side: BaselineSide | CaretrailSide, seconds: float) -> float:
    seen = side.load(CONNECTIONS, seconds=seconds)
    sent_at = time.perf_counter()
    newest = side.newest()
    shown_at = until(lambda: side.shows(newest))  # type: ignore[arg-type]  # ``newest`` of this side
    return seen.sent / (seen.seconds + shown_at - sent_at)


def memory(
    scale: BenchmarkScale, machine: Machine, report: Callable[[str], None]
) -> tuple[dict[str, MemoryGrowth], str]:
    """Measure resident memory while the log grows; return it and the database that was filled."""
    with ours(machine, "mllp", "relay", "projector") as caretrail:
        found = []
        for count in (scale.few, scale.many):
            while caretrail.sent < count:
                caretrail.load(CONNECTIONS, count=min(20_000, count - caretrail.sent))
                report(f"memory: {caretrail.sent} of {scale.many} messages")
            newest = caretrail.newest()
            until(lambda newest=newest: caretrail.shows(newest))  # type: ignore[misc]
            pids = caretrail.pids()
            sizes = {name: resident(pids[name]) for name in ("mllp", "relay", "projector")}
            sizes["rebuild"] = _work(machine, caretrail.url, "rebuild")["peak"]
            found.append(sizes)
        url = caretrail.url
    few, many = found
    return {name: MemoryGrowth(few[name], many[name]) for name in few}, url


@dataclass(slots=True)
class ViewRates:
    """Events per second of each way to fill a view, round by round."""

    runner: list[float] = field(default_factory=list)  # ``ProjectionRunner``
    live: list[float] = field(default_factory=list)  # our reference view, kept up to date
    reference: list[float] = field(default_factory=list)  # our reference view, rebuilt
    timeline: list[float] = field(default_factory=list)  # our timeline, rebuilt
    drain: list[float] = field(default_factory=list)  # the log, only read

    def against_runner(self, rates: Sequence[float]) -> Rates:
        """Return ``rates`` together with those of ``ProjectionRunner``."""
        return Rates(self.runner, list(rates))


def views(
    scale: BenchmarkScale,
    machine: Machine,
    baseline: BaselineSide,
    *,
    recorded: str,
    projected: str,
) -> ViewRates:
    """Measure keeping and rebuilding read models.

    Args:
        scale: The number of rounds.
        machine: The servers.
        baseline: The assembly; its view must be empty.
        recorded: A database with events and without read models.
        projected: The largest database; its read models are up to date.
    """
    found = ViewRates()
    for _ in range(scale.rounds):
        found.runner.append(_runner(baseline))
        copy = machine.database(str(conninfo_to_dict(recorded)["dbname"]))
        for rates, url, work in (
            (found.live, copy, ("live",)),
            (found.reference, projected, ("rebuild", "last_seen")),
            (found.timeline, projected, ("rebuild", "timeline")),
            (found.drain, projected, ("drain",)),
        ):
            done = _work(machine, url, *work)
            rates.append(done["events"] / done["seconds"])
    return found


def _runner(baseline: BaselineSide) -> float:
    """Let ``ProjectionRunner`` catch up with the assembly's events; return events per second."""
    newest = baseline.newest()
    baseline.project()
    until(lambda: baseline.position() > 0)
    started, first = time.perf_counter(), baseline.position()
    ended = until(lambda: baseline.shows(newest))
    baseline.stop_projecting()
    if newest - first < 100:
        raise BenchmarkFailed("too few events to measure ProjectionRunner")
    return (newest - first) / (ended - started)


def _work(machine: Machine, url: str, *work: str) -> dict[str, float]:
    environment = machine.settings(url, projects=False).environment()
    (done,) = run("work", *work, environment=environment)
    return done
