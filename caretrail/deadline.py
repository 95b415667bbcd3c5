"""The end of a wait for the read models."""

import time
from collections.abc import Callable


class Deadline:
    """When a wait ends: some seconds after its beginning, or after the last progress."""

    def __init__(
        self, seconds: float, *, renewed: bool, now: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin the wait.

        Args:
            seconds: How long the wait lasts.
            renewed: Whether progress begins these seconds again.
            now: Seconds on a clock that only goes forward.
        """
        self._seconds = seconds
        self._renewed = renewed
        self._now = now
        self._until = now() + seconds
        self._furthest = -1

    @property
    def left(self) -> float:
        """The seconds until the wait ends; negative after its end."""
        return self._until - self._now()

    def reached(self, index: int) -> None:
        """Note how far the read models are. If that is further than before, it is progress."""
        if index > self._furthest:
            self._furthest = index
            if self._renewed:
                self._until = self._now() + self._seconds

    def missed(self, target: int) -> TimeoutError:
        """Return the error to raise if the wait ends before the read models hold ``target``."""
        held = max(0, self._furthest)
        ended = f"made no progress for {self._seconds:g} s" if self._renewed else "are late"
        after = "" if self._renewed else f" after {self._seconds:g} s"
        return TimeoutError(
            f"the read models {ended}: they hold the events up to {held} of {target}{after}."
            " The log of the projector says why; `caretrail projections ls` shows how far they are."
        )
