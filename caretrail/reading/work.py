"""The work list: what is owed to each person, the most pressing first.

Items are grouped by person, so that one call can settle several. A person stands where the most
pressing item of the person stands.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from caretrail.reading.members import Json, instant
from caretrail.reading.past_courses import known_protocols
from caretrail.reading.past_rows import PastRows
from caretrail.reading.work_entries import party_json
from domain.catalogue import own_event
from domain.ids import PatientId
from projections.audit_trail import LogPosition
from projections.duty_list import ListedDuty
from projections.work_list import FIRST, ItemFilter, ItemPlace, WorkItemRow, items_after, items_of

#: Persons on a page.
PAGE: Final = 25
_ITEMS_PER_PERSON: Final = 4  # that are read at once for each person of a page

_Cursor: TypeAlias = tuple[int, datetime, str]
_decode: Final = msgspec.json.Decoder(_Cursor).decode


@dataclass(frozen=True, slots=True)
class PersonWork:
    """The items of one person, the most pressing first."""

    patient_id: PatientId
    items: tuple[WorkItemRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkList:
    """A page of the work list, as seen from an instant."""

    at: datetime
    as_of: datetime | None
    known: LogPosition
    backlog_days: int
    people: tuple[PersonWork, ...]
    cursor: str = ""  # of the next page; empty: this is the last one


def read_work(
    past: PastRows,
    wanted: ItemFilter,
    *,
    now: datetime,
    older: bool = False,
    cursor: str = "",
    limit: int = PAGE,
) -> WorkList | None:
    """Return a page of the work list; None if ``cursor`` is not a cursor.

    Args:
        past: The relations at the two instants: see ``Reader.past``.
        wanted: Which items. ``since`` is set here.
        now: The present time, if the list is not read as of another instant.
        older: Show also the items that became due more than ``backlog_days`` ago.
        cursor: ``cursor`` of the page before; empty: the first page.
        limit: The largest number of persons.
    """
    after = read_cursor(cursor) if cursor else FIRST
    if after is None:
        return None
    at = past.clocks.as_of or now
    days = known_protocols(past.connection, past.clocks, own_event).at(at).backlog_days
    if not older:
        wanted = replace(wanted, since=at - timedelta(days=days))
    found: list[PersonWork] = []
    seen: set[PatientId] = set()
    last = after
    more = True
    while more and len(found) < limit:
        wide = limit * _ITEMS_PER_PERSON
        rows = items_after(past.connection, wanted, at=at, after=last, limit=wide, relations=past)
        more = len(rows) == wide
        for person in _people(past, wanted, at, rows, seen):
            seen.add(person.patient_id)
            if person.items[0].place(at) > after:  # else, an earlier page has the person
                found.append(person)
        if rows:
            last = rows[-1].place(at)
    more = more or len(found) > limit
    found = found[:limit]
    end = found[-1].items[0].place(at) if found else last
    return WorkList(
        at=at,
        as_of=past.clocks.as_of,
        known=past.known,
        backlog_days=days,
        people=tuple(found),
        cursor=write_cursor(end) if more else "",
    )


def _people(
    past: PastRows,
    wanted: ItemFilter,
    at: datetime,
    rows: Iterable[WorkItemRow],
    seen: set[PatientId],
) -> list[PersonWork]:
    """Return the persons of some items with all their items, in the order of the items."""
    patients = [each for each in dict.fromkeys(row.patient_id for row in rows) if each not in seen]
    if not patients:
        return []
    items: dict[PatientId, list[WorkItemRow]] = {each: [] for each in patients}
    for row in items_of(past.connection, wanted, at=at, patients=patients, relations=past):
        items[row.patient_id].append(row)
    return [PersonWork(each, tuple(items[each])) for each in patients if items[each]]


def write_cursor(place: ItemPlace) -> str:
    """Return the cursor of the page after a place."""
    return urlsafe_b64encode(msgspec.json.encode(tuple(place))).rstrip(b"=").decode()


def read_cursor(cursor: str) -> ItemPlace | None:
    """Return the place in a cursor; None if it is not a cursor."""
    try:
        return ItemPlace(*_decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))))
    except (ValueError, msgspec.MsgspecError):
        return None


def work_json(listed: WorkList) -> Json:
    """Return a page of the work list."""
    return {
        "at": instant(listed.at),
        "as_of": instant(listed.as_of),
        "known_at": {
            "index": listed.known.index,
            "recorded_at": instant(listed.known.recorded_at),
        },
        "backlog_days": listed.backlog_days,
        "people": [
            {
                "patient_id": person.patient_id,
                "items": [item_json(each, listed.at) for each in person.items],
            }
            for person in listed.people
        ],
        "next": listed.cursor or None,
    }


def item_json(row: WorkItemRow, at: datetime) -> Json:
    """Return one item, as seen from an instant."""
    overdue = at > row.in_time_until
    claimed = row.claimed_until is not None and at < row.claimed_until
    waits = row.snoozed_until is not None and at < row.snoozed_until
    return {
        "item_id": row.item_id,
        "kind": row.kind,
        "patient_id": row.patient_id,
        "record_id": row.record_id,
        "mode": row.mode,
        "about": row.about,
        "duty": row.duty,
        "part": row.part or None,
        "concerns": row.concerns or None,
        "encounter_id": row.encounter_id,
        "opened_at": instant(row.opened_at),
        "due_at": instant(row.due_at),
        "due_on": row.due_on,
        "in_time_until": instant(row.in_time_until),
        "overdue": overdue,
        "overdue_by": int((at - row.in_time_until).total_seconds()) if overdue else None,
        "due_today": due_today(row, at),
        "urgent": row.is_urgent,
        "source": row.source,
        "rule_version": row.rule_version,
        "responsible": party_json(
            row.responsible_organisation, row.responsible_person, row.responsible_pool
        ),
        "assigned": row.is_assigned,
        "claimed_by": party_json(row.claimed_organisation, row.claimed_person, row.claimed_pool)
        if claimed
        else None,
        "claimed_until": instant(row.claimed_until) if claimed else None,
        "snoozed_until": instant(row.snoozed_until) if waits else None,
        "snooze_reason": row.snooze_reason if waits else None,
    }


def due_today(row: WorkItemRow | ListedDuty, at: datetime) -> bool:
    """Say whether an item is due on the day of an instant, in the zone of its facility."""
    zone = ZoneInfo(row.zone)
    return at <= row.in_time_until and (
        at.astimezone(zone).date() == row.in_time_until.astimezone(zone).date()
    )
