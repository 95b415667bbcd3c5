"""Show the progress of long work on standard error: a bar on a terminal, else lines."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_LINE_SECONDS: Final = 5.0


@contextmanager
def progress(label: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show progress; give a function that takes the number done so far.

    Args:
        label: The work, such as "sending".
        total: How many there are; None if that is not known.
    """
    if not sys.stderr.isatty():
        yield _lines(label, total)
        return
    from rich.console import Console  # noqa: PLC0415 - slow to import, and for terminals alone
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.update(task, completed=done)


def _lines(label: str, total: int | None) -> Callable[[int], None]:
    started = last = time.monotonic()
    ended = False

    def show(done: int) -> None:
        nonlocal last, ended
        now = time.monotonic()
        if ended or (now - last < _LINE_SECONDS and done != total):
            return
        last, ended = now, done == total
        of = f" of {total}" if total is not None else ""
        rate = done / max(now - started, 0.001)
        print(f"{label}: {done}{of}, {rate:.0f}/s", file=sys.stderr, flush=True)  # noqa: T201

    return show
