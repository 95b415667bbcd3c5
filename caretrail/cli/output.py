"""Print results: JSON for programs, columns for people; notes go to standard error."""

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from datetime import UTC, datetime
from typing import Final

import orjson

from domain.precision import inside
from domain.statement import Precision

_OPTIONS: Final = orjson.OPT_UTC_Z
_FORMATS: Final[Mapping[Precision, str]] = {
    "year": "%Y", "month": "%Y-%m", "day": "%Y-%m-%d", "hour": "%Y-%m-%dT%HZ",
    "minute": "%Y-%m-%dT%H:%MZ",
}  # fmt: skip


def json_line(value: object) -> None:
    """Write one JSON object on a line of its own; dataclasses and times are converted."""
    sys.stdout.buffer.write(orjson.dumps(value, option=_OPTIONS) + b"\n")
    sys.stdout.buffer.flush()


def json_lines(values: Iterable[object]) -> None:
    """Write one JSON object per line."""
    write = sys.stdout.buffer.write
    for value in values:
        write(orjson.dumps(value, option=_OPTIONS) + b"\n")
    sys.stdout.buffer.flush()


def line(text: str = "") -> None:
    """Write a line of text."""
    sys.stdout.write(text + "\n")


def columns(names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows below their names; each column is as wide as its widest cell."""
    cells = [[cell(each) for each in row] for row in rows]
    widths = [
        max([len(name), *(len(row[number]) for row in cells)]) for number, name in enumerate(names)
    ]
    for row in [list(names), *cells]:
        line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def note(text: str) -> None:
    """Write a line to standard error, beside the result."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def cell(value: object) -> str:
    """Return a value as text: times as in JSON, None as a dash."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if is_dataclass(value) or isinstance(value, Mapping):
        return orjson.dumps(value).decode()
    if isinstance(value, (list, tuple)):
        return ", ".join(map(cell, value))
    return str(value)


def as_stated(instant: str | None, precision: Precision | None = None) -> str | None:
    """Return a time of the JSON as far as it is stated, without fractions of a second.

    >>> as_stated("2026-03-02T14:05:00Z", "minute"), as_stated("2026-03-02T14:00:00Z", "hour")
    ('2026-03-02T14:05Z', '2026-03-02T14Z')
    >>> as_stated("2026-03-02T04:59:59.999999Z", "day"), as_stated("2026-03-02T14:05:09.5Z")
    ('2026-03-01', '2026-03-02T14:05:09Z')
    """
    if instant is None:
        return None
    if precision is None or precision == "second":
        return re.sub(r"\.\d+", "", instant)
    at = inside(datetime.fromisoformat(instant), precision).astimezone(UTC)
    return at.strftime(_FORMATS[precision])
