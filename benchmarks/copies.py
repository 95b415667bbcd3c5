"""Fill read models with copies of the patients that are in them.

The patients of an application are templates. A copy of a patient has ids, beds and visit numbers of
its own, and the same history on other days. Its events come before those of the templates, so their
indexes are negative, and the positions of the read models stay as they are. All rows of all read
models are generated as text and loaded by COPY into tables that are indexed afterwards. Sealed
content of a copy is that of its template, and opens with the key of the template. The event store
has no events of a copy.
"""

import re
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from typing import Any, Final

from psycopg import Connection, sql

from projections.catalogue import PROJECTIONS
from projections.engine import generations, table
from projections.engine.table import Column, Table, names_of

_FOUND: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|(?<![\w-])[\w-]{22}(?![\w-])"
    r"|\d{4}-\d\d-\d\d"
)
_ID_LENGTH: Final = 36
_REF_LENGTH: Final = 22
#: Columns whose ids stay, because sealed content opens only with them. The rows have other keys.
_SAME_EVENT: Final = frozenset({"statement", "own_event"})
#: Copies have their days in this range before those of the template.
_DAYS: Final = 120
_MICROSECONDS: Final = 24 * 60 * 60 * 1_000_000
_SPREAD: Final = 2654435761  # odd: different copies have different ids
_WORD: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyNumber:
    """One copy of all templates."""

    number: int
    span: int  # indexes from the first event of the templates to the last

    @property
    def days(self) -> int:
        """How many days before the template everything happened."""
        return self.number * 37 % _DAYS

    def id(self, text: str) -> str:
        """Return the id that the copy has instead of the id of the template."""
        return f"{int(text[:8], 16) ^ (self.number * _SPREAD & _WORD):08x}{text[8:]}"

    def ref(self, text: str) -> str:
        """Return the ref that the copy has for a number, such as that of a visit."""
        return f"{self.number:04x}{text[4:]}"

    def day(self, text: str) -> str:
        """Return the day on which it happened to the copy."""
        try:
            return (date.fromisoformat(text) - timedelta(days=self.days)).isoformat()
        except ValueError:  # looks like a day, and is none
            return text

    def position(self, text: str) -> str:
        """Return the index of the event of the copy."""
        return str(int(text) - self.number * self.span)

    def bed(self, text: str) -> str:
        """Return the bed of the copy, so that two copies are not in one bed."""
        return f"{text}-{self.number}"

    def recency(self, text: str) -> str:
        """Return the place in the list of patients."""
        return str(int(text) - self.days * _MICROSECONDS)


class _Template:
    """The rows of one table as text, with the places of what differs in a copy."""

    def __init__(self, refs: Container[str]) -> None:
        self._refs = refs
        self._texts: list[str] = [""]
        self._places: list[int] = []
        self._numbers: dict[tuple[Callable[[CopyNumber, str], str], str], int] = {}

    def text(self, text: str) -> None:
        """Add text that is the same in all copies."""
        self._texts[-1] += text

    def changing(self, renew: Callable[[CopyNumber, str], str], text: str) -> None:
        """Add text that a copy has otherwise."""
        self._places.append(self._numbers.setdefault((renew, text), len(self._numbers)))
        self._texts.append("")

    def cell(self, column: Column, place: Table, text: str) -> None:
        """Add the value of a column."""
        if text == r"\N":
            self.text(text)
        elif column.name in {"source_position", "last_index"}:
            self.changing(CopyNumber.position, text)
        elif column.name == "recency":
            self.changing(CopyNumber.recency, text)
        elif column.name == "bed":
            self.changing(CopyNumber.bed, text)
        elif column.role in {"sealed", "segments"} or (
            column.name == "event_id" and place.name in _SAME_EVENT
        ):
            self.text(text)
        else:
            self._found(text, days=column.role != "arrival")

    def _found(self, text: str, *, days: bool) -> None:
        start = 0
        for found in _FOUND.finditer(text):
            renew = self._renewed(found[0], days=days)
            if renew is None:
                continue
            self.text(text[start : found.start()])
            self.changing(renew, found[0])
            start = found.end()
        self.text(text[start:])

    def _renewed(self, text: str, *, days: bool) -> Callable[[CopyNumber, str], str] | None:
        if len(text) == _ID_LENGTH:
            return CopyNumber.id
        if len(text) == _REF_LENGTH:
            return CopyNumber.ref if text in self._refs else None
        return CopyNumber.day if days else None

    def copy(self, number: CopyNumber) -> str:
        """Return the rows of a copy."""
        renewed = [renew(number, text) for renew, text in self._numbers]
        pieces = [""] * (2 * len(self._texts) - 1)
        pieces[0::2] = self._texts
        pieces[1::2] = [renewed[place] for place in self._places]
        return "".join(pieces)


def fill(connection: Connection[Any], copies: int, report: Callable[[str], None]) -> None:
    """Load so many copies of all rows of all read models.

    Args:
        connection: A connection in autocommit.
        copies: The number of copies of each patient.
        report: Told which table is filled.
    """
    connection.execute("set maintenance_work_mem = '1GB'")
    ((span,),) = connection.execute(
        "select coalesce(max(source_position) - min(source_position) + 1, 0) from proj.audit_trail"
    ).fetchall()
    installation = [
        stream
        for (stream,) in connection.execute(
            "select distinct stream_id from proj.own_event where stream_id = record_id"
        )
    ]
    tables = list(_tables(connection))
    refs = _refs(connection, tables)
    for schema, place in tables:
        rows = _rows(connection, schema, place)
        template = _template(
            [line for line in rows.splitlines() if not any(each in line for each in installation)],
            place,
            refs=refs,
        )
        report(f"copying {schema}.{place.name}")
        # In one transaction: rows of a table that it has emptied are not written to the WAL.
        with connection.transaction():
            _drop_indexes(connection, schema, place)
            connection.execute(sql.SQL("truncate {}").format(place.at(schema)))
            _load(
                connection,
                sql.SQL("copy {} ({}) from stdin with (freeze)").format(
                    place.at(schema), names_of(place.names)
                ),
                chain(
                    [rows],
                    (
                        template.copy(CopyNumber(number=each, span=span))
                        for each in _numbers(copies)
                    ),
                ),
            )
            table.index(connection, schema, place)
        connection.execute(sql.SQL("vacuum analyze {}").format(place.at(schema)))


def _numbers(copies: int) -> range:
    return range(1, copies + 1)


def _load(connection: Connection[Any], query: sql.Composed, texts: Iterable[str]) -> None:
    with connection.cursor() as cursor, cursor.copy(query) as loading:
        for text in texts:
            loading.write(text)


def _rows(connection: Connection[Any], schema: str, place: Table) -> str:
    query = sql.SQL("copy (select {} from {}) to stdout").format(
        names_of(place.names), place.at(schema)
    )
    with connection.cursor() as cursor, cursor.copy(query) as rows:
        return b"".join(bytes(each) for each in rows).decode()


def _refs(connection: Connection[Any], tables: Iterable[tuple[str, Table]]) -> set[str]:
    """Return the refs of numbers and places."""
    found: set[str] = set()
    for schema, place in tables:
        for name in place.names:
            if name == "ref" or name.endswith("_ref"):
                rows = connection.execute(
                    sql.SQL("select distinct {name} from {table} where length({name}) = %s").format(
                        name=sql.Identifier(name), table=place.at(schema)
                    ),
                    (_REF_LENGTH,),
                ).fetchall()
                found.update(ref for (ref,) in rows)
    return found


def _tables(connection: Connection[Any]) -> Iterator[tuple[str, Table]]:
    for generation in generations.fed(connection, PROJECTIONS).active.values():
        for place in generation.projection.tables:
            yield generation.schema, place


def _template(lines: Iterable[str], place: Table, *, refs: Container[str]) -> _Template:
    template = _Template(refs)
    for line in lines:
        for number, (column, cell) in enumerate(zip(place.columns, line.split("\t"), strict=True)):
            template.text("\t" if number else "")
            template.cell(column, place, cell)
        template.text("\n")
    return template


def _drop_indexes(connection: Connection[Any], schema: str, place: Table) -> None:
    constraints = connection.execute(
        "select conname from pg_constraint where conrelid = %s::regclass and contype = 'p'",
        (place.at(schema).as_string(),),
    ).fetchall()
    for (name,) in constraints:
        connection.execute(
            sql.SQL("alter table {} drop constraint {}").format(
                place.at(schema), sql.Identifier(name)
            )
        )
    indexes = connection.execute(
        "select indexname from pg_indexes where schemaname = %s and tablename = %s",
        (schema, place.name),
    ).fetchall()
    for (name,) in indexes:
        connection.execute(sql.SQL("drop index {}").format(sql.Identifier(schema, name)))
