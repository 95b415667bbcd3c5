"""Logs: JSON lines on standard error, without patient data.

Only the keys below pass; whatever else a call hands over is dropped, and its name is kept under
``dropped``, so that a mistake shows in the log and not in somebody's record. Exceptions keep their
type and where they were raised, never their text: drivers quote data in it.
"""

import logging
import sys
import traceback
from collections.abc import Callable, MutableMapping
from typing import Any, Final

import structlog
from typing_extensions import override

#: Ids, counts, codes, times and names of our own things. None of them can hold what a message says.
ALLOWED: Final = frozenset({
    "event", "level", "timestamp", "role", "pid", "port", "host", "version", "error", "where",
    "sender", "trigger", "disposition", "reason", "place", "ack", "message_id", "event_id",
    "topic", "partition", "offset", "index", "count", "seconds", "attempt", "position", "lag",
    "connections", "bytes", "limit", "projection", "component", "healed", "skipped", "epoch",
    "signal", "status", "name", "remedy", "incarnation", "correlation", "profile_version",
    "dropped", "exit_code", "url_path", "method", "rows", "parked", "state",
})  # fmt: skip

_DEEPEST: Final = 4  # causes named

_Event = MutableMapping[str, Any]


def place_of(error: BaseException) -> str:
    """Return where an exception was raised: files and lines, the innermost first, no values."""
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames[::-1][:6]
    )


def _names_of(error: BaseException) -> str:
    """Return the types of an exception and of what it was raised from: of which kind it is."""
    names = list[str]()
    cause: BaseException | None = error
    while cause is not None and len(names) < _DEEPEST:
        names.append(type(cause).__name__)
        cause = cause.__cause__
    return " < ".join(dict.fromkeys(names))


def _exceptions(_logger: object, _method: str, event: _Event) -> _Event:
    raised = event.pop("exc_info", None)
    error = sys.exc_info()[1] if raised is True else raised
    if isinstance(error, BaseException):
        event["error"], event["where"] = _names_of(error), place_of(error)
    return event


def _allowed(_logger: object, _method: str, event: _Event) -> _Event:
    dropped = sorted(event.keys() - ALLOWED)
    for key in dropped:
        del event[key]
    if dropped:
        event["dropped"] = dropped
    return event


def _marked(role: str) -> Callable[[object, str, _Event], _Event]:
    # Not a context variable: threads begin without those of whoever started them.
    def mark(_logger: object, _method: str, event: _Event) -> _Event:
        return {"role": role, **event}

    return mark


class _Libraries(logging.Handler):
    """What libraries log: who, how grave and where from; their words may quote what we gave."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        structlog.get_logger().log(
            record.levelno,
            "library",
            name=record.name,
            where=f"{record.filename}:{record.lineno}",
            **({"exc_info": error} if error is not None else {}),
        )


def configure(role: str, level: str = "info") -> None:
    """Send every log of this process to standard error as JSON lines, marked with ``role``.

    Those of libraries too, from warnings on, without their words.
    """
    logging.basicConfig(handlers=[_Libraries()], level=logging.WARNING, force=True)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _marked(role),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _exceptions,
            _allowed,
            structlog.processors.JSONRenderer(sort_keys=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
