"""``messages reprocess``: read received messages again, with the profiles of today."""

from argparse import Namespace
from dataclasses import asdict, fields
from typing import Any, Final

from caretrail.cli import DONE, WRONG_USAGE
from caretrail.cli.home import catch_up_after_recording, open_home
from caretrail.cli.output import columns, json_line, line, note
from caretrail.failure import Failed
from caretrail.progress import progress
from caretrail.rereading import reread
from commands.ports.intake import Disposition
from commands.reread_messages import MessageChange
from consumers.rereading import RereadTotals
from domain.ids import MessageId
from infra.messages import MessageArchive, MessageFilters, NoSuchMessage

_COUNTS: Final = tuple(
    each.name for each in fields(RereadTotals) if each.name not in {"differs", "released_from"}
)


def messages_reprocess(options: Namespace) -> int:
    """Read messages again; return when the read models hold what changed."""
    filters = _filters(options)
    if filters == MessageFilters() and not options.all:
        note("caretrail: name messages by id, give a filter, or give --all")
        return WRONG_USAGE
    with (
        open_home() as application,
        MessageArchive(application.url, application.keys) as archive,
    ):
        try:
            total = archive.count(filters)
        except NoSuchMessage as error:
            raise Failed(f"{error}; `caretrail messages ls` lists the ids") from None
        with progress("reading again", total) as shown:
            totals = reread(
                application,
                archive,
                filters,
                dry_run=options.dry_run,
                found=_print_change if options.json else lambda _change: None,
                done=shown,
            )
        code = DONE if options.dry_run else catch_up_after_recording(application)
    _print_totals(totals, options)
    return code


def _filters(options: Namespace) -> MessageFilters:
    return MessageFilters(
        ids=tuple(map(MessageId, options.ids)) or None,
        disposition=Disposition(options.disposition) if options.disposition else None,
        sender=options.sender,
        profile_version=options.profile,
        trigger=options.trigger,
        control_id=options.control_id,
        reason=options.reason,
        since=options.since,
        until=options.until,
    )


def _print_change(change: MessageChange) -> None:
    before, now = change.before, change.reading.message
    json_line(
        {
            "id": before.message_id,
            "trigger": now.trigger,
            "sender": now.sender,
            "reading": change.reading.number,
            "change": change.change.value,
            "disposition_before": before.disposition.value,
            "disposition": now.disposition.value,
            "reason_before": before.reason or None,
            "reason": now.reason or None,
            "events": len(now.drafts),
            "statements": [asdict(each) for each in change.statements],
        }
    )


def _print_totals(totals: RereadTotals, options: Namespace) -> None:
    counts = {name: getattr(totals, name) for name in _COUNTS}
    differs = dict(totals.differs.most_common())
    released = dict(totals.released_from.most_common())
    if options.json:
        summary: dict[str, Any] = {"dry_run": options.dry_run, **counts}
        json_line({**summary, "differs": differs, "released_from": released})
        return
    columns(list(counts), [list(counts.values())])
    if differs:
        line()
        columns(("what differs", "statements"), list(differs.items()))
    if released:
        line()
        columns(("released from", "messages"), list(released.items()))
    if options.dry_run:
        line()
        line("Nothing was recorded. Run it without --dry-run to record this.")
