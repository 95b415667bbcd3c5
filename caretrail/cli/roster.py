"""``roster load``: attribute the patients that a CSV file names."""

from argparse import Namespace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from caretrail.cli.home import catch_up_after_recording, open_home
from caretrail.cli.output import columns, json_line, line, note
from caretrail.failure import Failed
from caretrail.progress import progress
from caretrail.rosters.loading import RosterAccount, RosterLoad
from caretrail.rosters.roster_file import rows_of
from commands.decisions import Caller
from domain.body import Actor


def roster_load(options: Namespace) -> int:
    """Load a roster, and print what became of its rows."""
    try:
        zone = ZoneInfo(options.zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise Failed(f"{options.zone}: write an IANA zone, such as America/Chicago") from None
    actor = Actor(kind="person", issuer="cli", subject=options.actor, purpose=options.purpose)
    with open_home() as application, application.connect() as connection:
        code = catch_up_after_recording(application)
        load = RosterLoad(
            roster=options.roster,
            mode=options.mode,
            caller=Caller(actor=actor),
            decisions=application.decisions,
            id_key=application.id_key,
            connection=connection,
        )
        with progress("loading", None) as shown:
            account, named = load.rows(rows_of(options.file, zone), shown)
        code = catch_up_after_recording(application) or code
        if options.complete:
            load.end_others(account, named, now=application.settings.present())
            code = catch_up_after_recording(application) or code
    _print(options, account)
    return code


def _print(options: Namespace, account: RosterAccount) -> None:
    if account.not_ended:
        note(
            "caretrail: no attribution was ended, because rows were refused that may name one."
            " Mend these rows and load the file again"
        )
    counts = {
        "roster": options.roster,
        "rows": account.rows,
        "recorded": account.recorded,
        "unchanged": account.unchanged,
        "refused": len(account.refusals),
        "ended": account.ended,
    }
    if options.json:
        refusals = [
            {"line": each.line, "code": each.code, "reason": each.reason}
            for each in account.refusals
        ]
        json_line({**counts, "not_ended": account.not_ended, "refusals": refusals})
        return
    columns(list(counts), [list(counts.values())])
    for each in account.refusals:
        line(f"line {each.line}: {each.code}: {each.reason}")
