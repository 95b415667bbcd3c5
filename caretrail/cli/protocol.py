"""``protocol publish``, ``void``, ``ls`` and ``show``."""

from argparse import Namespace
from datetime import datetime

from caretrail.cli import DONE, WRONG_USAGE
from caretrail.cli.home import open_home, open_home_reader
from caretrail.cli.output import as_stated, columns, json_lines, line, note
from caretrail.cli.own_streams import command_of, give
from caretrail.cli.protocol_dry_run import dry_run
from caretrail.failure import Failed
from caretrail.reading.past_courses import known_publications
from caretrail.reading.protocols import publication_of, publications_json
from commands.protocol import PublishProtocol, VoidProtocolEvent
from domain.catalogue import own_event
from domain.protocol import (
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
    history, at = _known(options)
    shown = publications_json(history, at)
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
    history, at = _known(options)
    if not history:
        raise Failed("no protocol was published by then")
    version = options.version or protocols_of(history).at(at).version
    found = publication_of(history, version)
    if found is None:
        raise Failed("no such version; `caretrail protocol ls` lists the versions")
    if isinstance(found.event, ProtocolPublished):
        line(found.event.content.rstrip("\n"))


def _known(options: Namespace) -> tuple[ProtocolHistory, datetime]:
    """Return the publications that were known, and the instant at which one is in force."""
    with open_home_reader() as reader, reader.past(known_at=options.known_at) as past:
        history = known_publications(past.connection, past.clocks, own_event)
        return history, options.as_of or reader.present()
