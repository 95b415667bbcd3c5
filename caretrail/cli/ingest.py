"""``ingest``: record the messages of files."""

from argparse import Namespace
from dataclasses import asdict

from caretrail.cli.home import catch_up_after_recording, open_home
from caretrail.cli.message_files import message_files, messages_in
from caretrail.cli.output import columns, json_line, note
from caretrail.failure import Failed
from caretrail.intake import reading_context
from caretrail.progress import progress
from consumers import intake


def ingest(options: Namespace) -> int:
    """Record the messages of files or folders; return when the read models hold them."""
    files = message_files(options.paths)
    with open_home() as application:
        sender = options.sender or ""
        profiles_file = application.settings.profiles_file
        if sender and sender not in application.profiles.named:
            known = ", ".join(sorted(application.profiles.named)) or "none"
            raise Failed(f"no profile {sender!r} in {profiles_file}; its profiles are: {known}")
        if not application.profiles.named:
            note(
                f"caretrail: no profiles in {profiles_file}: times without a zone have the"
                " offset of MSH-7, else UTC, and no identifier joins records of different senders"
            )
        with progress("ingesting", None) as shown:
            account = intake.ingest(
                messages_in(files),
                context=reading_context(
                    application, arrived_by="file", sender=sender, backfill=options.backfill
                ),
                record=application.record,
                done=shown,
            )
        code = catch_up_after_recording(application)
    result = {name: count for name, count in asdict(account).items() if name != "last_index"}
    if options.json:
        json_line(result)
    else:
        columns(list(result), [list(result.values())])
    return code
