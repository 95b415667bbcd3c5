"""List duties: what is or was owed, by who owes it, by duty and by patient."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import Connection, sql
from psycopg.rows import class_row

from domain.ids import EncounterId, Mode, PatientId, RecordId
from projections.engine.relations import PRESENT, Relations
from projections.work import DUTY


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDuty:
    """A duty of a list: the columns of ``DUTY`` that do not depend on arrival."""

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
    done_at: datetime | None
    responsible_organisation: str
    responsible_person: str
    responsible_pool: str
    patient_id: PatientId
    record_id: RecordId
    mode: Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyFilter:
    """Which duties a list shows. An empty text and None: all."""

    organisation: str = ""
    person: str = ""
    pool: str = ""
    kind: str = ""
    duty: str = ""
    patient: str | None = None
    only_open: bool = False
    only_overdue: bool = False


_NAMES: Final = sql.SQL(", ").join(map(sql.Identifier, ListedDuty.__dataclass_fields__))


def listed_duties(
    connection: Connection[Any],
    wanted: DutyFilter,
    *,
    at: datetime,
    limit: int = 100,
    relations: Relations = PRESENT,
) -> Sequence[ListedDuty]:
    """Return duties, those that are not done first, and among them the ones due first.

    Args:
        connection: The connection of the caller.
        wanted: Which duties.
        at: The instant of the question.
        limit: The largest number of rows.
        relations: The table, or its rows at other instants.
    """
    query = sql.SQL(
        """
        select {names} from {duties} as r
        where (%(organisation)s = '' or responsible_organisation = %(organisation)s)
            and (%(person)s = '' or responsible_person = %(person)s)
            and (%(pool)s = '' or responsible_pool = %(pool)s)
            and (%(kind)s = '' or kind = %(kind)s)
            and (%(duty)s = '' or duty = %(duty)s)
            and (%(patient)s::text is null or patient_id = %(patient)s)
            and (not %(only_open)s or done_at is null)
            and (not %(only_overdue)s or (done_at is null and in_time_until < %(at)s))
        order by done_at is not null, in_time_until, about, duty, part, opened_at
        limit %(limit)s
        """
    ).format(names=_NAMES, duties=relations.of(DUTY))
    given = {name: getattr(wanted, name) for name in DutyFilter.__dataclass_fields__}
    with connection.cursor(row_factory=class_row(ListedDuty)) as cursor:
        return cursor.execute(query, {**given, "at": at, "limit": limit}).fetchall()


def duties_about(
    connection: Connection[Any], about: str, *, relations: Relations = PRESENT
) -> list[ListedDuty]:
    """Return the duties about a stream, also those that are done, by the time they began."""
    query = sql.SQL(
        "select {names} from {duties} as r where about = %s"
        " order by opened_at, in_time_until, duty, part"
    ).format(names=_NAMES, duties=relations.of(DUTY))
    with connection.cursor(row_factory=class_row(ListedDuty)) as cursor:
        return cursor.execute(query, (about,)).fetchall()
