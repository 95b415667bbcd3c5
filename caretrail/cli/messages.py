"""``messages``: received messages, their outcome and their events."""

from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

from caretrail.cli.home import open_home
from caretrail.cli.output import cell, columns, json_line, json_lines, line
from caretrail.failure import Failed
from commands.ports.intake import Disposition
from infra.messages import ListedMessage, MessageArchive, NoSuchMessage


def messages_ls(options: Namespace) -> None:
    """List received messages, newest first."""
    disposition = Disposition(options.disposition) if options.disposition else None
    with _archive() as archive:
        found = archive.ls(
            disposition=disposition,
            sender=options.sender,
            trigger=options.trigger,
            control_id=options.control_id,
            limit=options.limit,
        )
    _list(found, as_json=options.json)


def messages_quarantine(options: Namespace) -> None:
    """List the messages in quarantine, newest first."""
    with _archive() as archive:
        found = archive.ls(disposition=Disposition.QUARANTINED, limit=options.limit)
    _list(found, as_json=options.json)


def messages_show(options: Namespace) -> None:
    """Show one message: its outcome, its events, its bytes."""
    with _archive() as archive:
        try:
            shown = archive.show(options.id)
            raw = archive.raw(options.id)
        except NoSuchMessage as error:
            raise Failed(f"{error}; `caretrail messages ls` lists the ids") from None
    text = raw.decode("utf-8", "backslashreplace")
    if options.json:
        json_line(
            {
                **_object(shown.message),
                "events": [asdict(each) for each in shown.events],
                "same_control_id": shown.same_control_id,
                "raw": text,
            }
        )
        return
    for name, value in _object(shown.message).items():
        line(f"{name}: {cell(value) or '-'}")
    columns(
        ("index", "event", "happened"),
        [(each.index, each.topic, each.happened_at) for each in shown.events],
    )
    line()
    line(text.replace("\r\n", "\n").replace("\r", "\n"))


@contextmanager
def _archive() -> Iterator[MessageArchive]:
    with (
        open_home() as application,
        MessageArchive(application.url, application.keys) as archive,
    ):
        yield archive


def _object(message: ListedMessage) -> dict[str, object]:
    return {
        "id": message.message_id,
        "control_id": message.control_id,
        "trigger": message.trigger,
        "sender": message.sender,
        "received_at": message.received_at,
        "disposition": message.disposition.value,
        "reason": message.reason or None,
        "events": message.events,
        "place": message.place or None,
        "warnings": list(message.warnings),
        "duplicates": message.duplicates,
        "control_id_reused": message.control_id_reused,
        "reading": message.reading,
    }


def _list(found: Sequence[ListedMessage], *, as_json: bool) -> None:
    if as_json:
        json_lines(map(_object, found))
        return
    columns(
        ("received", "control id", "trigger", "sender", "outcome", "reason", "id"),
        [
            (
                f"{each.received_at:%Y-%m-%d %H:%M:%S}Z",
                each.control_id,
                each.trigger,
                each.sender,
                each.disposition.value,
                " ".join(filter(None, (each.reason, each.place))),
                each.message_id,
            )
            for each in found
        ],
    )
