"""``generate``: synthetic ADT messages."""

from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from caretrail.cli.output import line, note
from caretrail.feed import feed
from caretrail.generate import generate as generated
from caretrail.generate import truth_json, write
from caretrail.progress import progress
from caretrail.signals import until_told

#: The same for every run, so that a seed always gives the same messages. Midnight in Chicago.
START: Final = datetime(2026, 3, 2, 6, tzinfo=UTC)


def generate(options: Namespace) -> int:
    """Write or send the messages of a seeded region."""
    world = generated(options.seed, options.days, start=START)
    if options.out:
        written = write(world, Path(options.out))
        line(f"{written} messages in {options.out}, with profiles.toml for their senders")
        refused = 0
    else:
        host, port = options.to
        note(
            "caretrail: the receiver needs the profiles of these senders."
            " `caretrail generate --out DIR` writes them to DIR/profiles.toml."
        )
        sent = 0
        with until_told() as stop, progress("sending", None) as shown:

            def answered(_code: str) -> None:
                nonlocal sent
                sent += 1
                shown(sent)

            messages = ((each.sender, each.data) for each in world.messages)
            codes = feed(messages, host, port, answered=answered, stop=stop)
        line(f"{codes.total()} sent: " + ", ".join(f"{n} {c}" for c, n in sorted(codes.items())))
        refused = codes.total() - codes["AA"] - codes["AE"]
    if options.truth:
        Path(options.truth).write_bytes(truth_json(world) + b"\n")
    return 1 if refused else 0
