"""Read the work list: its order, what it shows, and one item."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from psycopg import Connection, sql
from psycopg.rows import class_row

from domain.calendar import EARLIEST
from domain.ids import EncounterId, Mode, PatientId, RecordId
from domain.work import ItemId
from projections.engine.columns import COMPONENT
from projections.engine.relations import PRESENT, Relations
from projections.work import WORK_ITEM


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItemRow:
    """An item of the work list: the columns of ``WORK_ITEM`` that do not depend on arrival."""

    item_id: ItemId
    kind: str
    about: str
    duty: str
    part: str
    concerns: str
    encounter_id: EncounterId | None
    opened_at: datetime
    due_at: datetime | None
    due_on: str | None
    zone: str
    in_time_until: datetime
    source: str
    rule_version: str
    is_urgent: bool
    responsible_organisation: str
    responsible_person: str
    responsible_pool: str
    is_assigned: bool
    claimed_organisation: str | None
    claimed_person: str | None
    claimed_pool: str | None
    claimed_until: datetime | None
    snoozed_until: datetime | None
    snooze_reason: str | None
    patient_id: PatientId
    record_id: RecordId
    mode: Mode

    def place(self, at: datetime) -> "ItemPlace":
        """Return the place of the item in the list at an instant."""
        rank = 2 if at <= self.in_time_until else 0 if self.is_urgent else 1
        return ItemPlace(rank, self.in_time_until, self.item_id)


class ItemPlace(NamedTuple):
    """A place in the order of the work list."""

    rank: int  # 0: overdue and urgent, 1: overdue, 2: not overdue
    in_time_until: datetime
    item_id: str


#: Before all items.
FIRST: Final = ItemPlace(-1, EARLIEST, "")

_NAMES: Final = sql.SQL(", ").join(
    sql.Identifier(each.name) for each in WORK_ITEM.columns if each is not COMPONENT
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFilter:
    """Which items a list shows. An empty text and None: all."""

    organisation: str = ""
    organisations: tuple[str, ...] = ()  # any of these
    person: str = ""  # of the organisation, as responsible or by its claim
    pool: str = ""
    kind: str = ""
    patient: str = ""
    modes: tuple[str, ...] = ("P",)
    #: Leave out the items whose time was over before; None: show these too.
    since: datetime | None = None
    waiting: bool = False  # show also items that wait


_WHERE: Final = """
    (%(organisation)s = '' or r.responsible_organisation = %(organisation)s)
    and (%(organisations)s::text[] = '{}' or r.responsible_organisation = any(%(organisations)s))
    and (%(person)s = '' or r.responsible_person = %(person)s
        or (r.claimed_person = %(person)s and r.claimed_until > %(at)s))
    and (%(pool)s = '' or r.responsible_pool = %(pool)s)
    and (%(kind)s = '' or r.kind = %(kind)s)
    and (%(patient)s = '' or r.patient_id = %(patient)s)
    and r.mode = any(%(modes)s)
    and (%(since)s::timestamptz is null or r.in_time_until >= %(since)s)
    and (%(waiting)s or r.snoozed_until is null or r.snoozed_until <= %(at)s)
"""


def items_after(
    connection: Connection[Any],
    wanted: ItemFilter,
    *,
    at: datetime,
    after: ItemPlace,
    limit: int,
    relations: Relations = PRESENT,
) -> list[WorkItemRow]:
    """Return the items that follow a place of the list, in order.

    Items that are overdue and urgent come first, then those that are overdue, then the others. In
    each of the three, the item whose time is over first comes first.

    Args:
        connection: The connection of the caller.
        wanted: Which items.
        at: The instant from which the list is seen.
        after: The place; ``FIRST`` for all.
        limit: The largest number of items.
        relations: Those of now, or of other instants: see ``Reader.past``.
    """
    ranks = (
        "r.in_time_until < %(at)s and r.is_urgent",
        "r.in_time_until < %(at)s and not r.is_urgent",
        "r.in_time_until >= %(at)s",
    )
    found: list[WorkItemRow] = []
    for rank, condition in enumerate(ranks):
        if rank < after.rank or len(found) >= limit:
            continue
        given = {
            **_parameters(wanted, at),
            "limit": limit - len(found),
            "after_until": after.in_time_until if rank == after.rank else None,
            "after_item": after.item_id,
        }
        query = sql.SQL(
            "select {names} from {items} as r where {where} and {condition}"
            " and (%(after_until)s::timestamptz is null"
            " or (r.in_time_until, r.item_id) > (%(after_until)s, %(after_item)s))"
            " order by r.in_time_until, r.item_id limit %(limit)s"
        ).format(
            names=_NAMES,
            items=relations.of(WORK_ITEM),
            where=sql.SQL(_WHERE),
            condition=sql.SQL(condition),
        )
        with connection.cursor(row_factory=class_row(WorkItemRow)) as cursor:
            found += cursor.execute(query, given).fetchall()
    return found


def items_of(
    connection: Connection[Any],
    wanted: ItemFilter,
    *,
    at: datetime,
    patients: Iterable[PatientId],
    relations: Relations = PRESENT,
) -> list[WorkItemRow]:
    """Return all items of some patients, in the order of the list."""
    query = sql.SQL(
        "select {names} from {items} as r where {where} and r.patient_id = any(%(patients)s)"
    ).format(names=_NAMES, items=relations.of(WORK_ITEM), where=sql.SQL(_WHERE))
    with connection.cursor(row_factory=class_row(WorkItemRow)) as cursor:
        found = cursor.execute(
            query, {**_parameters(wanted, at), "patients": list(patients)}
        ).fetchall()
    return sorted(found, key=lambda one: one.place(at))


def item(connection: Connection[Any], item: ItemId) -> WorkItemRow | None:
    """Return one item of now; None if there is none."""
    query = sql.SQL("select {} from {} where item_id = %s").format(_NAMES, PRESENT.of(WORK_ITEM))
    with connection.cursor(row_factory=class_row(WorkItemRow)) as cursor:
        return cursor.execute(query, (item,)).fetchone()


def _parameters(wanted: ItemFilter, at: datetime) -> dict[str, object]:
    return {
        "organisation": wanted.organisation,
        "organisations": list(wanted.organisations),
        "person": wanted.person,
        "pool": wanted.pool,
        "kind": wanted.kind,
        "patient": wanted.patient,
        "modes": list(wanted.modes),
        "since": wanted.since,
        "waiting": wanted.waiting,
        "at": at,
    }
