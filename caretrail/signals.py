"""End a process on SIGINT, SIGTERM and SIGHUP."""

import _thread
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType
from typing import Final

ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SHELL: Final = 128  # plus the number of the signal: the exit code that shells use


@contextmanager
def until_told() -> Iterator[Event]:
    """Give an event that SIGINT, SIGTERM and SIGHUP set.

    Handlers replace what the process inherited: a shell starts background jobs with SIGINT ignored.
    """
    stop = Event()

    def told(_number: int, _frame: FrameType | None) -> None:
        # Set in another thread: this handler may have interrupted a ``wait`` that holds the lock.
        _thread.start_new_thread(stop.set, ())

    with _handled(ENDING, told):
        yield stop


@contextmanager
def unwinding() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the stack, as Ctrl-C does, so that every ``finally`` runs.

    A signal that was ignored, as by ``nohup``, stays ignored. A second signal does not interrupt
    the unwinding.
    """
    default = [
        number
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is signal.SIG_DFL
    ]

    def told(number: int, _frame: FrameType | None) -> None:
        for each in default:
            signal.signal(each, signal.SIG_IGN)
        sys.exit(_SHELL + number)

    with _handled(default, told):
        yield


@contextmanager
def _handled(
    numbers: "tuple[signal.Signals, ...] | list[signal.Signals]",
    handler: Callable[[int, FrameType | None], None],
) -> Iterator[None]:
    before = [signal.signal(number, handler) for number in numbers]
    try:
        yield
    finally:
        for number, former in zip(numbers, before, strict=True):
            signal.signal(number, former)
