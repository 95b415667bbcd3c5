"""``serve``: run the service of a home until told to stop."""

from argparse import Namespace

import structlog

from caretrail.cli import WRONG_USAGE
from caretrail.cli.output import note
from caretrail.role import ROLES
from caretrail.service import Service
from caretrail.sign_in_link import sign_in_link
from caretrail.signals import until_told
from infra import log, settings


def serve(options: Namespace) -> int:
    """Serve until told to stop; then stop the roles and servers in order."""
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
                    note(f"receiving ADT over MLLP on {chosen.mllp_host}:{service.mllp_port}")
                if "http" in only:
                    note(f"serving the pages on {service.pages}")
                    link = sign_in_link(service.pages, service.database, chosen)
                    note(f"sign in once with {link}")
            service.watch(stop)
        finally:
            structlog.get_logger().info("service.stopping")
            service.stop()
    return 0
