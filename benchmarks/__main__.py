"""Measure caretrail against an assembly from libraries, in one run, and print one table.

``make bench`` takes some minutes and writes ``docs/explanation/speed.md``; ``ARGS=--quick`` takes
two and writes nothing.
"""

import argparse
import os
import platform
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks import measures
from benchmarks.measures import FULL, QUICK, Scale
from benchmarks.running import baseline, machine, ours
from benchmarks.table import Line, markdown, put

_PAGE: Final = Path(__file__).parent.parent / "docs" / "explanation" / "speed.md"


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def _measured(scale: Scale) -> list[Line]:
    with machine() as here, baseline(here) as libraries:
        with ours(here, "mllp") as caretrail:
            _say("acknowledgements")
            acks = measures.acknowledged(scale, libraries, caretrail)
            recorded = caretrail.url
        _say("the whole way")
        libraries.project()
        with ours(here, "mllp", "relay", "projector") as caretrail:
            way = measures.whole_way(scale, libraries, caretrail)
        libraries.stop_projecting()
        _say("memory")
        grown, projected = measures.memory(scale, here, _say)
        _say("read models")
        views = measures.views(scale, here, libraries, recorded=recorded, projected=projected)
    waits = [acks.wait(name) for name in ("baseline", "caretrail")]
    share = views.timeline[-1] / views.drain[-1]
    live, reference, timeline = map(
        views.against_runner, (views.live, views.reference, views.timeline)
    )
    return [
        Line.rates("MLLP to durable ACK, 16 connections, messages/s", acks, 8),
        Line.waits("ACK, p50, ms", *(p50 for p50, _ in waits)),
        Line.waits("ACK, p99, ms", *(p99 for _, p99 in waits)),
        Line.rates("MLLP to visible in `timeline`, messages/s", way, 8),
        Line.rates("reference view, kept live, events/s", live, 20),
        Line.rates("reference view, rebuilt, events/s", reference, 80),
        Line.rates("`timeline`, rebuilt, events/s", timeline, 25),
        Line("`timeline`, rebuilt, share of the raw COPY drain", "", f"{share:.0%}", "", ""),
        *(
            Line.growth(f"memory of {name}, MB, {scale.few} to {scale.many} messages", each)
            for name, each in grown.items()
        ),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round of everything")
    parser.add_argument(
        "--many", type=int, metavar="MESSAGES", help="look at memory with so many, and a twentieth"
    )
    options = parser.parse_args()
    # Told to end, the servers are stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    scale = QUICK if options.quick else FULL
    if options.many:
        scale = replace(scale, few=options.many // 20, many=options.many)
    before = os.getloadavg()
    lines = _measured(scale)
    text = markdown(lines)
    print(text)
    given = [f"ARGS='{' '.join(sys.argv[1:])}'"] if sys.argv[1:] else []
    where = (
        f"`{' '.join(['make bench', *given])}`: {os.cpu_count()} cores,"
        f" {platform.machine()}, Python {platform.python_version()}; load of the machine"
        f" {before[0]:.1f} before, {os.getloadavg()[0]:.1f} after (the run itself makes about 3)."
    )
    print(where)
    if not options.quick:
        put(_PAGE, f"{text}\n\n{where}")


if __name__ == "__main__":
    main()
