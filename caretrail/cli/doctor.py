"""``doctor``: check what a home needs."""

from argparse import Namespace

from caretrail.checkup import Finding, checkup
from caretrail.cli import FAILED
from caretrail.cli.output import columns, json_lines
from infra import log, settings


def doctor(options: Namespace) -> int:
    """Check what a home needs; print what is wrong and how to fix it."""
    log.configure("cli", "warning")
    found = list(checkup(settings.load()))
    if options.json:
        json_lines(found)
    else:
        columns(
            ("check", "state", "result"),
            [(each.check, _state(each), each.words) for each in found],
        )
    return 0 if all(each.ok for each in found) else FAILED


def _state(finding: Finding) -> str:
    if not finding.ok:
        return "FIX"
    return "NOTE" if finding.warning else "ok"
