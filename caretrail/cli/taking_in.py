"""Messages in: ``ingest``, ``send``, ``messages``."""

import time
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from threading import Event

from caretrail.bootstrap import opened
from caretrail.cli import FAILED
from caretrail.cli.output import cell, columns, json_line, json_lines, line, note
from caretrail.failure import Failed
from caretrail.progress import progress
from caretrail.signals import until_told
from commands.ports.intake import Disposition
from consumers import intake
from consumers.hl7v2.files import split
from infra import log, settings
from infra.messages import ListedMessage, MessageArchive, NoSuchMessage
from infra.mllp_client import MllpClient, NoAnswer, code_of


def ingest(options: Namespace) -> None:
    """Take in files or folders; return when the read models have caught up."""
    chosen = settings.load()
    log.configure("ingest", "warning")
    files = list(_files(options.paths))
    with opened(chosen) as application:
        sender = options.sender or ""
        if sender and sender not in application.profiles.named:
            known = ", ".join(sorted(application.profiles.named)) or "none"
            raise Failed(f"no profile {sender!r} in {chosen.profiles_file}; there are: {known}")
        if not application.profiles.named:
            note(
                f"caretrail: no profiles in {chosen.profiles_file}: times without a zone are read"
                " as UTC, and no identifier joins records across senders"
            )
        with progress("ingesting", None) as shown:
            account = intake.ingest(
                _messages(files),
                context=application.reading(arrived_by="file", sender=sender),
                record=application.record,
                done=shown,
            )
        with progress("projecting", application.store.max_index()) as shown:
            application.catch_up(shown)
    result = {name: count for name, count in asdict(account).items() if name != "last_index"}
    if options.json:
        json_line(result)
    else:
        columns(list(result), [list(result.values())])


def send(options: Namespace) -> int:
    """Send messages one after the other; count what was answered."""
    host, port = options.to
    codes, refused = Counter[str](), list[int]()
    saved = Path(options.save_acks).open("wb") if options.save_acks else None  # noqa: SIM115
    try:
        with until_told() as stop, MllpClient(host, port) as client:
            pace = _Pace(options.rate, stop)
            for number, message in enumerate(_messages(_files([options.path])), 1):
                if stop.is_set():
                    break
                pace.wait(number - 1)
                try:
                    answer = client.send_until_accepted(message, retries=options.retries)
                except NoAnswer:
                    raise Failed(
                        f"no answer from {host}:{port} to message {number}, tried"
                        f" {options.retries + 1} times; {codes.total()} were answered before it"
                    ) from None
                code = code_of(answer)
                codes[code] += 1
                if code != "AA":
                    refused.append(number)
                if saved is not None:
                    saved.write(b"\x0b" + answer + b"\x1c\r")
    finally:
        if saved is not None:
            saved.close()
    if options.json:
        json_line({"sent": codes.total(), "acks": dict(codes), "not_accepted": refused})
    else:
        line(f"{codes.total()} sent: " + ", ".join(f"{n} {c}" for c, n in sorted(codes.items())))
        if refused:
            line("not accepted: " + ", ".join(map(str, refused[:20])))
    return FAILED if refused else 0


class _Pace:
    """Keeps to a number of messages a second; None: as fast as they are answered."""

    def __init__(self, rate: float | None, stop: Event) -> None:
        self._rate = rate
        self._stop = stop
        self._started = time.monotonic()

    def wait(self, sent: int) -> None:
        """Return when the next message may go; at once when told to stop."""
        if self._rate is not None:
            due = self._started + sent / self._rate
            self._stop.wait(max(0.0, due - time.monotonic()))


def messages_ls(options: Namespace) -> None:
    """List messages, newest first."""
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
    """List what is set aside, newest first."""
    with _archive() as archive:
        found = archive.ls(disposition=Disposition.QUARANTINED, limit=options.limit)
    _list(found, as_json=options.json)


def messages_show(options: Namespace) -> None:
    """Show one message: what became of it, its events, its bytes."""
    with _archive() as archive:
        try:
            shown = archive.show(options.id)
            raw = archive.raw(options.id)
        except NoSuchMessage as error:
            raise Failed(f"{error}; `caretrail messages ls` has the ids") from None
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
    log.configure("messages", "warning")
    with (
        opened(settings.load()) as application,
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
    }


def _list(found: Sequence[ListedMessage], *, as_json: bool) -> None:
    if as_json:
        json_lines(map(_object, found))
        return
    columns(
        ("received", "control id", "trigger", "sender", "became", "reason", "id"),
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


def _files(paths: list[str]) -> Iterator[Path]:
    for name in paths:
        path = Path(name)
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.is_file())
        elif path.exists():
            yield path
        else:
            raise Failed(f"{name}: there is no such file or folder")


def _messages(files: Iterator[Path] | list[Path]) -> Iterator[bytes]:
    for path in files:
        yield from split(path.read_bytes(), warn=partial(_warn, path))


def _warn(path: Path, code: str) -> None:
    note(f"{path}: {code}")
