"""``doctor``: check what a home needs."""

from argparse import Namespace

from caretrail.checkup import checkup
from caretrail.cli import FAILED
from caretrail.cli.output import columns, json_lines
from infra import settings


def doctor(options: Namespace) -> int:
    """Check what a home needs; print what is wrong and how to fix it."""
    found = list(checkup(settings.load()))
    if options.json:
        json_lines(found)
    else:
        columns(
            ("check", "state", "result"),
            [(each.check, "ok" if each.ok else "FIX", each.words) for each in found],
        )
    return 0 if all(each.ok for each in found) else FAILED
