"""``send``: send the messages of files to an MLLP listener."""

import time
from argparse import Namespace
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Final

from caretrail.cli import FAILED
from caretrail.cli.message_files import message_files, messages_in
from caretrail.cli.output import json_line, line
from caretrail.failure import Failed
from caretrail.signals import until_told
from infra.mllp_client import Answer, MllpClient, NoAnswer, code_of

#: CA: the listener has the message, and says no more about it.
_ACCEPTED: Final = frozenset({"AA", "CA"})


def send(options: Namespace) -> int:
    """Send messages one after the other; count the acknowledgement codes."""
    host, port = options.to
    codes, refused = Counter[str](), list[int]()
    saved = Path(options.save_acks).open("wb") if options.save_acks else None  # noqa: SIM115
    try:
        with until_told() as stop, MllpClient(host, port, options.timeout) as client:
            limit = _RateLimit(options.rate, stop)
            for number, message in enumerate(messages_in(message_files([options.path])), 1):
                if stop.is_set():
                    break
                limit.wait(number - 1)
                try:
                    answer = client.send_until_accepted(message, retries=options.retries)
                except NoAnswer:
                    raise Failed(
                        f"no answer from {host}:{port} to message {number} after"
                        f" {options.retries + 1} tries; the {codes.total()} messages before it were"
                        f" answered. {_about_others(client.others)}".rstrip(". ")
                    ) from None
                code = code_of(answer)
                codes[code] += 1
                if code not in _ACCEPTED:
                    refused.append(number)
                if saved is not None:
                    saved.write(b"\x0b" + answer + b"\x1c\r")
    finally:
        if saved is not None:
            saved.close()
    if options.json:
        json_line(
            {
                "sent": codes.total(),
                "acks": dict(codes),
                "not_accepted": refused,
                "other_answers": [each._asdict() for each in client.others],
            }
        )
    else:
        line(f"{codes.total()} sent: " + ", ".join(f"{n} {c}" for c, n in sorted(codes.items())))
        if refused:
            line("not accepted: message " + ", ".join(map(str, refused[:20])))
        if client.others:
            line(_about_others(client.others))
    return FAILED if refused else 0


def _about_others(others: Sequence[Answer]) -> str:
    """Return a sentence about answers that named other messages; empty if there were none."""
    if not others:
        return ""
    shown = ", ".join(f"{each.code} for {each.control_id}" for each in others[:20])
    return f"{len(others)} answers named another message in MSA-2: {shown}"


class _RateLimit:
    """Limits the messages per second; a rate of None sets no limit."""

    def __init__(self, rate: float | None, stop: Event) -> None:
        self._rate = rate
        self._stop = stop
        self._started = time.monotonic()

    def wait(self, sent: int) -> None:
        """Wait until the next message may go. Return at once if the process is told to stop."""
        if self._rate is not None:
            due = self._started + sent / self._rate
            self._stop.wait(max(0.0, due - time.monotonic()))
