"""A role whose thread dies, run as ``caretrail.role_process`` runs a role."""

import sys
from threading import Event, Thread
from types import ModuleType

from caretrail import role_process
from infra.settings import Settings


def run(_settings: Settings, stop: Event) -> None:
    """Start a thread that dies, and wait for the end as every role does."""

    def die() -> None:
        raise OverflowError

    Thread(target=die, name="mllp-writer", daemon=True).start()
    stop.wait(60)


if __name__ == "__main__":
    module = ModuleType("caretrail.roles.mllp")
    module.run = run  # type: ignore[attr-defined]  # what a role module has
    sys.modules["caretrail.roles.mllp"] = module
    sys.exit(role_process.main("mllp"))
