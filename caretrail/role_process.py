"""Run one role of a service until it is told to stop, in the process that ``role`` has started.

A role ends on SIGTERM, SIGINT or SIGHUP, and when its supervisor is gone.
"""

import os
import sys
import threading
from collections.abc import Callable
from typing import Final, cast

import structlog

from caretrail.lasting import import_lasting
from caretrail.signals import until_told
from infra import log, metrics, settings
from infra.settings import Settings

log_ = structlog.get_logger()

FAILED: Final = 1
_PARENT_SECONDS: Final = 1.0


def main(name: str) -> int:
    """Run the role until it is told to stop; return its exit code."""
    chosen = settings.load()
    log.configure(name, chosen.log_level)
    metrics.keep_only(name)
    threading.excepthook = _end_process
    with until_told() as stop:
        threading.Thread(target=_watch_parent, args=(stop,), name="parent", daemon=True).start()
        run = cast(
            "Callable[[Settings, threading.Event], None]",
            import_lasting(f"caretrail.roles.{name}").run,
        )
        try:
            run(chosen, stop)
        except Exception as error:
            from caretrail.problems import explanation  # noqa: PLC0415 - needed for errors alone

            # An explanation is for the operator and holds no data of a message.
            log_.exception("role.failed", remedy=explanation(error) or "")
            return FAILED
    log_.info("role.ended")
    return 0


def _end_process(died: threading.ExceptHookArgs) -> None:
    """End the process of a thread that died: the supervisor starts the role again.

    Without the thread the role would seem ready and do nothing. Ending at once loses nothing: what
    was acknowledged is durable.
    """
    log_.error("thread.died", name=died.thread.name if died.thread else "", exc_info=died.exc_value)
    sys.stderr.flush()
    os._exit(FAILED)


def _watch_parent(stop: threading.Event) -> None:
    parent = os.getppid()
    while not stop.wait(_PARENT_SECONDS):
        if os.getppid() != parent:
            stop.set()
