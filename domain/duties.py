"""Duties: what is owed to a patient, by which party and until when.

A duty is derived from facts each time the rows of a component are made; it is never an event. Rows
keep what the facts say: when the duty began, when it is due and when it was done. Whether it is
overdue depends on the instant that a reader asks for, so it is decided at that moment and never
stored.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from domain.party import Party


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """When something is due, by which rule.

    Either ``at`` or ``on`` is set. ``on`` is a local date in ``zone``, and the whole day counts.
    """

    at: datetime | None
    on: date | None
    zone: str
    """IANA name of the zone of local dates: the zone of the responsible facility."""
    source: str
    """The published source of the time; "our choice" if there is none."""
    version: str
    """Version of the protocol that states the time."""
    urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A piece of work that is owed. Either ``due_at`` or ``due_on`` is set."""

    code: str
    """Kind of duty: the code under which a protocol states its time."""
    about: str
    """The own stream that it is about, or the anchor if it is about a transition."""
    opened_at: datetime
    """When the duty began."""
    due_at: datetime | None
    due_on: date | None
    zone: str
    """IANA name of the zone of ``due_on``: the zone of the responsible facility."""
    done_at: datetime | None
    """When the work was done; None: not yet."""
    source: str
    rule_version: str
    responsible: Party
    urgent: bool = False
    part: str = ""
    """The part of the stream that it is about, such as an activity of a plan; empty: the whole."""


def duty(
    code: str,
    due: Due,
    *,
    about: str,
    opened_at: datetime,
    responsible: Party,
    done_at: datetime | None = None,
    part: str = "",
) -> Duty:
    """Return a duty with the time that a protocol gives it."""
    return Duty(
        code=code,
        about=about,
        opened_at=opened_at,
        due_at=due.at,
        due_on=due.on,
        zone=due.zone,
        done_at=done_at,
        source=due.source,
        rule_version=due.version,
        responsible=responsible,
        urgent=due.urgent,
        part=part,
    )


def in_time_until(owed: Due | Duty) -> datetime:
    """Return the last instant at which a duty is not overdue: the due time, or the end of the day.

    >>> day = Due(at=None, on=date(2026, 3, 5), zone="America/Chicago", source="", version="")
    >>> in_time_until(day).isoformat()
    '2026-03-05T23:59:59.999999-06:00'
    """
    due_at, due_on = _due(owed)
    if due_at is not None:
        return due_at
    assert due_on is not None  # noqa: S101  # one of both is set
    return datetime.combine(due_on, time.max, ZoneInfo(owed.zone))


def is_past(due: Due | Duty, at: datetime) -> bool:
    """Tell whether an instant is after the time at which a duty is due.

    A day that is due counts until it ends in its zone.
    """
    due_at, due_on = _due(due)
    if due_at is not None:
        return at > due_at
    return due_on is not None and at.astimezone(ZoneInfo(due.zone)).date() > due_on


def _due(owed: Due | Duty) -> tuple[datetime | None, date | None]:
    return (owed.at, owed.on) if isinstance(owed, Due) else (owed.due_at, owed.due_on)


def overdue(owed: Duty, at: datetime) -> bool:
    """Tell whether a duty is overdue at an instant: its time is over, and it is not done then."""
    return (owed.done_at is None or owed.done_at > at) and is_past(owed, at)


def done_late(owed: Duty) -> bool:
    """Tell whether a duty was done after its time. The time of the deed counts, not its entry."""
    return owed.done_at is not None and is_past(owed, owed.done_at)
