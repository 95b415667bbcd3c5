"""``roster load``: attribute the patients that a CSV file names."""

import csv
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from caretrail.cli.home import catch_up_after_recording, open_home
from caretrail.cli.output import columns, json_line, line, note
from caretrail.failure import Failed
from caretrail.progress import progress
from caretrail.rosters.loading import RosterAccount, RosterLoad
from caretrail.rosters.roster_file import RefusedRow, rows_of
from commands.decisions import Caller
from domain.body import Actor

#: What is said of a refused row.
_REFUSAL: Final = ("line", "code", "reason")


def roster_load(options: Namespace) -> int:
    """Load a roster, and print what became of its rows."""
    try:
        zone = ZoneInfo(options.zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise Failed(f"{options.zone}: write an IANA zone, such as America/Chicago") from None
    actor = Actor(kind="person", issuer="cli", subject=options.actor, purpose=options.purpose)
    with (
        _file_of_refusals(options.refusals, roster=options.file) as refused,
        open_home() as application,
        application.connect() as connection,
    ):
        code = catch_up_after_recording(application)
        load = RosterLoad(
            roster=options.roster,
            mode=options.mode,
            caller=Caller(actor=actor),
            decisions=application.decisions,
            id_key=application.id_key,
            connection=connection,
            refused=refused,
        )
        with progress("loading", None) as shown:
            account, named = load.rows(rows_of(options.file, zone), shown)
        code = catch_up_after_recording(application) or code
        if options.complete:
            load.end_others(account, named, now=application.settings.present())
            code = catch_up_after_recording(application) or code
    _print(options, account)
    return code


@contextmanager
def _file_of_refusals(path: Path | None, *, roster: Path) -> Iterator[Callable[[RefusedRow], None]]:
    """Give what writes refused rows to a file; without a file, it writes nothing.

    Raises:
        Failed: The file is the roster itself.
    """
    if path is None:
        yield lambda _row: None
        return
    if path.exists() and roster.exists() and path.samefile(roster):
        raise Failed("--refusals names the roster itself; name another file")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_REFUSAL)
        yield lambda row: writer.writerow([getattr(row, name) for name in _REFUSAL])


def _print(options: Namespace, account: RosterAccount) -> None:
    if account.not_ended:
        note(
            "caretrail: no attribution was ended, because rows were refused that may name one."
            " Mend these rows and load the file again"
        )
    left = account.refused - len(account.refusals)
    if left and options.refusals is None:
        note(f"caretrail: {left:,} more rows were refused; --refusals FILE writes all of them")
    counts = {
        "roster": options.roster,
        "rows": account.rows,
        "recorded": account.recorded,
        "unchanged": account.unchanged,
        "refused": account.refused,
        "ended": account.ended,
    }
    by_code = dict(account.by_code.most_common())
    if options.json:
        refusals = [{name: getattr(each, name) for name in _REFUSAL} for each in account.refusals]
        json_line(
            {
                **counts,
                "not_ended": account.not_ended,
                "refused_by_code": by_code,
                "refusals": refusals,
            }
        )
        return
    columns(list(counts), [list(counts.values())])
    if by_code:
        columns(("refused with", "rows"), by_code.items())
    for each in account.refusals:
        line(f"line {each.line}: {each.code}: {each.reason}")
