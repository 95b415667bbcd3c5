"""Running: ``serve``, ``doctor``."""

from argparse import Namespace

import structlog

from caretrail.cli import WRONG_USAGE
from caretrail.cli.output import columns, json_lines, note
from caretrail.role import ROLES
from caretrail.service import Service
from caretrail.signals import until_told
from infra import log, settings


def serve(options: Namespace) -> int:
    """Serve until told to stop; then stop everything, in order."""
    only = tuple(options.only.split(",")) if options.only else ROLES
    unknown = [name for name in only if name not in ROLES]
    if unknown:
        note(f"caretrail: no role {unknown[0]!r}; the roles are: {', '.join(ROLES)}")
        return WRONG_USAGE
    chosen = settings.load()
    log.configure("serve", chosen.log_level)
    service = Service(chosen, only=only, say=note)
    with until_told() as stop:
        try:
            service.start(stop)
            if not stop.is_set():
                if "mllp" in only:
                    note(f"ADT is received on {chosen.mllp_host}:{service.mllp_port} (MLLP)")
                if "http" in only:
                    note(f"pages: {service.pages}")
            service.watch(stop)
        finally:
            structlog.get_logger().info("service.stopping")
            service.stop()
    return 0


def doctor(options: Namespace) -> int:
    """Check what a home needs; print what is wrong and what to do."""
    from caretrail.checkup import checkup  # noqa: PLC0415 - imports the servers' modules

    found = list(checkup(settings.load()))
    if options.json:
        json_lines(found)
    else:
        columns(
            ("check", "state", "what"),
            [(each.check, "ok" if each.ok else "MEND", each.words) for each in found],
        )
    return 0 if all(each.ok for each in found) else 1
