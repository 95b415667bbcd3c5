"""Measure caretrail against an assembly from libraries, in one run, and print one table.

``make bench`` takes about an hour and writes the table to ``docs/explanation/speed.md``.
``make bench ARGS=--quick`` takes a few minutes and writes nothing.
"""

import argparse
import os
import platform
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks import commands, measures, own_events, pages, reads
from benchmarks.measures import FULL, QUICK, BenchmarkScale
from benchmarks.running import baseline, machine, ours
from benchmarks.table import TableLine, markdown, put

_PAGE: Final = Path(__file__).parent.parent / "docs" / "explanation" / "speed.md"


def _report(stage: str) -> None:
    print(stage, file=sys.stderr, flush=True)


def _measure(scale: BenchmarkScale) -> list[TableLine]:
    with machine() as here, baseline(here) as libraries:
        with ours(here, "mllp") as caretrail:
            _report("acknowledgements")
            acks = measures.acknowledged(scale, libraries, caretrail)
            recorded = caretrail.url
        _report("the whole way")
        libraries.project()
        with ours(here, "mllp", "relay", "projector") as caretrail:
            way = measures.whole_way(scale, libraries, caretrail)
        libraries.stop_projecting()
        _report("memory")
        grown, projected = measures.memory(scale, here, _report)
        _report("read models")
        views = measures.views(scale, here, libraries, recorded=recorded, projected=projected)
        _report("commands over HTTP")
        given = commands.measured(here, rounds=scale.rounds, seconds=scale.seconds)
    waits = [acks.wait(name) for name in ("baseline", "caretrail")]
    _report("reads")
    grown_reads = reads.measured(scale.patients, _report)
    patients = f"{scale.patients // 10:,} to {scale.patients:,}"
    _report("a patient with many statements")
    few, many = own_events.measured()["statement"]
    _report("own events in batches")
    folded = own_events.batch_rates()
    _report("pages")
    asked = pages.measured(scale.page_patients, _report, rounds=scale.page_rounds)
    share = views.timeline[-1] / views.drain[-1]
    live, reference, timeline = map(
        views.against_runner, (views.live, views.reference, views.timeline)
    )
    return [
        TableLine.rates("MLLP to durable ACK, 16 connections, messages/s", acks, 8),
        TableLine.waits("ACK, p50, ms", *(p50 for p50, _ in waits)),
        TableLine.waits("ACK, p99, ms", *(p99 for _, p99 in waits)),
        TableLine.rates("MLLP to visible in `timeline`, messages/s", way, 8),
        TableLine.rates("reference view, kept live, events/s", live, 20),
        TableLine.rates("reference view, rebuilt, events/s", reference, 80),
        TableLine.rates("`timeline`, rebuilt, events/s", timeline, 25),
        TableLine("`timeline`, rebuilt, share of the raw COPY drain", "", f"{share:.0%}", "", ""),
        *(
            TableLine.growth(f"memory of {name}, MB, {scale.few} to {scale.many} messages", each)
            for name, each in grown.items()
        ),
        *(
            TableLine.times(
                f"{each.what}, ms, {patients} patients", each.few, each.many, reads.GOAL
            )
            for each in grown_reads
        ),
        TableLine.times(
            f"one more message, ms, {own_events.FEW} to {own_events.MANY:,} statements before it",
            few,
            many,
            own_events.GOAL,
        ),
        own_events.line(folded),
        *commands.lines(given),
        *(each.line(scale.page_patients) for each in asked),
    ]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round of each measure")
    parser.add_argument(
        "--many",
        type=int,
        metavar="MESSAGES",
        help="measure memory with this many messages, and with a twentieth of them",
    )
    parser.add_argument(
        "--patients",
        type=int,
        metavar="PATIENTS",
        help="measure reads with this many patients, and with a tenth of them",
    )
    options = parser.parse_args()
    # SIGTERM becomes an ordinary exit, so that the servers are stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    scale = QUICK if options.quick else FULL
    if options.many:
        scale = replace(scale, few=options.many // 20, many=options.many)
    if options.patients:
        scale = replace(scale, patients=options.patients)
    before = os.getloadavg()
    lines = _measure(scale)
    text = markdown(lines)
    print(text)
    given = [f"ARGS='{' '.join(sys.argv[1:])}'"] if sys.argv[1:] else []
    conditions = (
        f"`{' '.join(['make bench', *given])}`: {os.cpu_count()} cores,"
        f" {platform.machine()}, Python {platform.python_version()}; load of the machine"
        f" {before[0]:.1f} before, {os.getloadavg()[0]:.1f} after (the run itself makes about 3)."
    )
    print(conditions)
    if not options.quick:
        put(_PAGE, f"{text}\n\n{conditions}")


if __name__ == "__main__":
    main()
