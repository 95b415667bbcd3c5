"""Read the rows of a roster: a CSV file with a header. See ``docs/reference/rosters.md``."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final, TypeAlias, get_args
from zoneinfo import ZoneInfo

from caretrail.failure import Failed
from domain.attribution import TargetKind
from domain.statement import Moment

#: The columns that a roster must have, and those that it may have. Others are not read.
REQUIRED: Final = ("authority", "identifier", "target", "from")
OPTIONAL: Final = ("target_kind", "until")

_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,63}")
_DAY: Final = timedelta(days=1)
_MICROSECOND: Final = timedelta(microseconds=1)
#: The years in which a period may begin and end.
_EARLIEST, _LATEST = date(1900, 1, 1), date(2200, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterRow:
    """One row of a roster that can be read."""

    line: int
    authority: str
    identifier: str
    target_kind: TargetKind
    target: str
    since: Moment
    until: Moment | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """One row that is not recorded, and why. The reason repeats nothing of the row."""

    line: int
    code: str
    reason: str


ReadRow: TypeAlias = RosterRow | RefusedRow


def rows_of(path: Path, zone: ZoneInfo) -> Iterator[ReadRow]:
    """Yield the rows of a roster, one at a time.

    Args:
        path: The file.
        zone: The zone in which the days of the file begin and end.

    Raises:
        Failed: The file cannot be read, or its header lacks a column.
    """
    try:
        # A byte that is not UTF-8 is replaced, and no code and no day holds the replacement.
        file = path.open(encoding="utf-8-sig", errors="replace", newline="")
    except OSError as error:
        raise Failed(f"{path}: {error.strerror}") from None
    with file:
        reader = csv.reader(file, strict=True)
        header = _header(path, reader)
        line = reader.line_num + 1
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                refused = RefusedRow(line=line, code="bad_row", reason="the row is no valid CSV")
                yield _spanning(refused, reader.line_num)
            else:
                if cells:
                    yield _spanning(_row(line, header, cells, zone), reader.line_num)
            line = reader.line_num + 1


def _spanning(row: ReadRow, last: int) -> ReadRow:
    """Say of a refused row how far it goes: a missing quotation mark joins it with others."""
    if isinstance(row, RosterRow) or row.line == last:
        return row
    return replace(row, reason=f"{row.reason}; it goes on to line {last}")


def _header(path: Path, reader: Iterator[Sequence[str]]) -> tuple[str, ...]:
    try:
        header = tuple(name.strip().lower() for name in next(reader, ()))
    except csv.Error:
        header = ()
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise Failed(f"{path}: the first line lacks the columns: {', '.join(missing)}")
    twice = [name for name in (*REQUIRED, *OPTIONAL) if header.count(name) > 1]
    if twice:
        raise Failed(f"{path}: the first line names these columns twice: {', '.join(twice)}")
    return header


class _RowRefused(Exception):
    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason


def _row(line: int, header: Sequence[str], cells: Sequence[str], zone: ZoneInfo) -> ReadRow:
    try:
        return _read(line, _values(header, cells), zone)
    except _RowRefused as refused:
        return RefusedRow(line=line, code=refused.code, reason=refused.reason)


def _values(header: Sequence[str], cells: Sequence[str]) -> Mapping[str, str]:
    if len(cells) > len(header):
        raise _RowRefused("bad_row", "the row has more values than the header has columns")
    return dict(zip(header, map(str.strip, cells), strict=False))


def _read(line: int, values: Mapping[str, str], zone: ZoneInfo) -> RosterRow:
    for name in REQUIRED:
        if not values.get(name):
            raise _RowRefused("value_missing", f"{name}: the value is missing")
    if not _CODE.fullmatch(values["target"]):
        raise _RowRefused("unknown_code", "target: this is no code")
    kind = values.get("target_kind") or "practice"
    if kind not in get_args(TargetKind):
        known = ", ".join(get_args(TargetKind))
        raise _RowRefused("unknown_code", f"target_kind: write one of {known}")
    first, last = _day("from", values["from"]), _day("until", values.get("until", ""))
    if first is None:
        raise _RowRefused("value_missing", "from: the value is missing")
    if last is not None and last < first:
        raise _RowRefused("attribution_period_empty", "until: the day is before that of from")
    return RosterRow(
        line=line,
        authority=values["authority"],
        identifier=values["identifier"],
        target_kind=kind,  # type: ignore[arg-type]  # compared above
        target=values["target"],
        since=_moment(first, zone, end=False),
        until=_moment(last, zone, end=True) if last else None,
    )


def _day(name: str, text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or not _EARLIEST <= day < _LATEST:
        raise _RowRefused("bad_day", f"{name}: write a day as 2026-03-02")
    return day


def _moment(day: date, zone: ZoneInfo, *, end: bool) -> Moment:
    """Return the first instant of a day, or its last one for an end."""
    begins = datetime.combine(day, time.min, zone)
    ends = datetime.combine(day + _DAY, time.min, zone)
    first, last = (each.astimezone(ZoneInfo("UTC")) for each in (begins, ends))
    last -= _MICROSECOND
    at = last if end else first
    return Moment(at=at, until=last, precision="day", zone="profile", text=day.isoformat())
