"""``protocol publish``, ``void``, ``ls`` and ``show``."""

from argparse import Namespace

from caretrail.bootstrap import Application
from caretrail.cli import DONE, WRONG_USAGE
from caretrail.cli.home import open_home
from caretrail.cli.output import as_stated, columns, json_lines, line, note
from caretrail.cli.own_streams import command_of, give
from caretrail.cli.protocol_dry_run import dry_run
from caretrail.failure import Failed
from caretrail.reading.protocols import publication_of, publications_json
from commands.protocol import PublishProtocol, VoidProtocolEvent
from domain.protocol import (
    KIND,
    ProtocolHistory,
    ProtocolPublished,
    protocols_of,
    stream_of_protocols,
)


def protocol_publish(options: Namespace) -> int:
    """Publish a protocol from a file, or try it on past discharges."""
    if not options.dry_run and (options.since or options.discharges):
        note("caretrail: --since and --discharges go with --dry-run")
        return WRONG_USAGE
    if not options.dry_run and not options.actor:
        note("caretrail: name the person who publishes it with --as, or try it with --dry-run")
        return WRONG_USAGE
    try:
        content = options.file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Failed(f"the file cannot be read: {type(error).__name__}") from None
    if options.dry_run:
        dry_run(content, options)
        return DONE
    with open_home() as application:
        command = command_of(
            PublishProtocol,
            stream=stream_of_protocols(application.id_key),
            content=content,
            effective_from=options.effective_from,
            happened_at=options.happened_at,
        )
        give(options, application, command)
    return DONE


def protocol_void(options: Namespace) -> None:
    """Make a publication void."""
    with open_home() as application:
        command = command_of(
            VoidProtocolEvent,
            stream=stream_of_protocols(application.id_key),
            event_id=options.event,
            reason_code=options.reason,
            note=options.note,
            happened_at=options.happened_at,
        )
        give(options, application, command)


def protocol_ls(options: Namespace) -> None:
    """List the protocols that were published, in that order."""
    with open_home() as application:
        shown = publications_json(_history(application), application.settings.present())
    if options.json:
        json_lines(shown)
        return
    columns(
        ("version", "name", "in force from", "", "event"),
        [
            (
                each["version"],
                each["name"],
                as_stated(each["effective_from"]) or "the beginning",
                "entered in error" if each["voided_by"] else "now" if each["in_force"] else "",
                each["event_id"],
            )
            for each in shown
        ],
    )


def protocol_show(options: Namespace) -> None:
    """Print the text of a protocol as it was published."""
    with open_home() as application:
        history, now = _history(application), application.settings.present()
    version = options.version or protocols_of(history).at(now).version
    found = publication_of(history, version)
    if found is None:
        raise Failed("no such version; `caretrail protocol ls` lists the versions")
    if isinstance(found.event, ProtocolPublished):
        line(found.event.content.rstrip("\n"))


def _history(application: Application) -> ProtocolHistory:
    stream = stream_of_protocols(application.id_key)
    return KIND.history(stream, application.decisions.streams.read(stream))
