"""Write logs as JSON lines on standard error, without patient data.

Only the keys in ``ALLOWED`` are written. The value of any other key is dropped and its name is
written under ``dropped``, so that the mistake is visible and the value is not. Of an exception its
type and place are written, never its text, because drivers quote data in it.
"""

import logging
import sys
import traceback
from collections.abc import Callable, MutableMapping
from typing import Any, Final

import structlog
from typing_extensions import override

#: Ids, counts, codes, times and names that we give. None of them can hold content of a message.
ALLOWED: Final = frozenset({
    "event", "level", "timestamp", "role", "pid", "port", "host", "version", "error", "where",
    "sender", "trigger", "disposition", "reason", "place", "ack", "message_id", "event_id",
    "topic", "partition", "offset", "index", "count", "seconds", "attempt", "position", "lag",
    "connections", "bytes", "limit", "projection", "component", "healed", "skipped", "epoch",
    "signal", "status", "name", "remedy", "incarnation", "correlation", "profile_version",
    "dropped", "exit_code", "url_path", "method", "rows", "parked", "state", "generation",
})  # fmt: skip

_MOST_CAUSES: Final = 4  # of an exception, that are named

_Event = MutableMapping[str, Any]


def place_of(error: BaseException) -> str:
    """Return where an exception was raised: files and lines, innermost first, without values."""
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames[::-1][:6]
    )


def _names_of(error: BaseException) -> str:
    """Return the type names of an exception and of its causes."""
    names = list[str]()
    cause: BaseException | None = error
    while cause is not None and len(names) < _MOST_CAUSES:
        names.append(type(cause).__name__)
        cause = cause.__cause__
    return " < ".join(dict.fromkeys(names))


def _describe_exception(_logger: object, _method: str, event: _Event) -> _Event:
    raised = event.pop("exc_info", None)
    error = sys.exc_info()[1] if raised is True else raised
    if isinstance(error, BaseException):
        event["error"], event["where"] = _names_of(error), place_of(error)
    return event


def _drop_other_keys(_logger: object, _method: str, event: _Event) -> _Event:
    dropped = sorted(event.keys() - ALLOWED)
    for key in dropped:
        del event[key]
    if dropped:
        event["dropped"] = dropped
    return event


def _mark_with(role: str) -> Callable[[object, str, _Event], _Event]:
    # A context variable would not do: a new thread does not inherit those of its parent.
    def mark(_logger: object, _method: str, event: _Event) -> _Event:
        return {"role": role, **event}

    return mark


class _LibraryLogs(logging.Handler):
    """Writes the name, level and place of a library's log line; its text may quote patient data."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        structlog.get_logger().log(
            record.levelno,
            "library.logged",
            name=record.name,
            where=f"{record.filename}:{record.lineno}",
            **({"exc_info": error} if error is not None else {}),
        )


def configure(role: str, level: str = "info") -> None:
    """Write every log line of this process to standard error as JSON, marked with ``role``.

    Lines of libraries are written from level ``warning`` on, without their text.
    """
    logging.basicConfig(handlers=[_LibraryLogs()], level=logging.WARNING, force=True)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _mark_with(role),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _describe_exception,
            _drop_other_keys,
            structlog.processors.JSONRenderer(sort_keys=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
