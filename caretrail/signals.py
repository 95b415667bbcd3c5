"""How a process is told to end: SIGINT, SIGTERM, SIGHUP, whatever a shell had them do before."""

import _thread
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType
from typing import Final

ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SHELL: Final = 128  # a shell's exit code of what a signal ended: this and its number


@contextmanager
def until_told() -> Iterator[Event]:
    """Give an event that SIGINT, SIGTERM and SIGHUP set.

    Handlers are installed by hand: a background shell hands SIGINT down as ignored.
    """
    stop = Event()

    def told(_number: int, _frame: FrameType | None) -> None:
        # Not set here: the handler may have interrupted a ``wait`` that holds the event's lock.
        _thread.start_new_thread(stop.set, ())

    with _handled(ENDING, told):
        yield stop


@contextmanager
def unwinding() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the stack, as Ctrl-C does, so that nothing is left behind.

    Ignored ones stay ignored: that is what ``nohup`` is for. A second one does not cut the
    unwinding short.
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
