"""Find the service that runs in a home, and ask whether its roles are ready."""

import json
from contextlib import suppress
from fcntl import LOCK_NB, LOCK_SH, flock
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import urlopen

from caretrail.role import ROLES

#: The answer for a role whose health port does not answer.
SILENT: Final = "does not answer"


def record_of(home: Path) -> Path:
    """Return the file in which a running service keeps its process id and addresses."""
    return home / "run" / "service.json"


def running_service(home: Path) -> dict[str, Any] | None:
    """Return the record of the service that runs in a home; None if no service runs."""
    for name in ROLES:
        with suppress(FileNotFoundError), _lock_of(home, name).open("rb") as probe:
            try:
                flock(probe, LOCK_SH | LOCK_NB)
            except BlockingIOError:
                with suppress(OSError, ValueError):
                    return dict(json.loads(record_of(home).read_text("utf-8")))
                return {"pages": "it is starting or stopping"}
    return None


def _lock_of(home: Path, role: str) -> Path:
    return home / "run" / f"{role}.lock"


def unready_role(port: int) -> str | None:
    """Return why the role with this health port is not ready; None if it is ready."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            answer.read()
            return None
    except URLError as error:
        if hasattr(error, "read"):
            problems = json.loads(error.read()).get("problems", {})
            return ", ".join(f"{name} {why}" for name, why in problems.items()) or "not ready"
        return SILENT
    except (OSError, ValueError):
        return SILENT
