"""One role of a running service, in a process of its own: ``python -m caretrail.role NAME``.

A role ends when it is told (SIGTERM, SIGINT, SIGHUP) or when its supervisor is gone.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Final, cast

import structlog

from infra import log, settings
from infra.settings import Settings

log_ = structlog.get_logger()

ROLES: Final = ("mllp", "relay", "projector", "http")
FAILED: Final = 1
_PARENT_SECONDS: Final = 1.0


def main(name: str) -> int:
    """Run the role until it is told to end; return its exit code."""
    chosen = settings.load()
    log.configure(name, chosen.log_level)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Installed by hand: a background shell hands SIGINT down as ignored.
        signal.signal(number, lambda *_: stop.set())
    threading.Thread(target=_watch_parent, args=(stop,), name="parent", daemon=True).start()
    run = cast(
        "Callable[[Settings, threading.Event], None]",
        import_module(f"caretrail.roles.{name}").run,
    )
    try:
        run(chosen, stop)
    except Exception:
        log_.exception("role.failed")
        return FAILED
    log_.info("role.ended")
    return 0


def _watch_parent(stop: threading.Event) -> None:
    parent = os.getppid()
    while not stop.wait(_PARENT_SECONDS):
        if os.getppid() != parent:
            stop.set()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
