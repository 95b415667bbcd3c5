"""Measure reads with a number of patients, and with ten times as many.

``python -m benchmarks.reads --patients 1000000`` prints the lines alone. Messages of 200 patients
are recorded, and one of them is in the hospital. All other patients are rows: copies of these, with
ids, numbers and times of their own. Names and numbers of a copy open as those of the patient do.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, LiteralString

import psycopg
from psycopg import Connection, sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

from caretrail.bootstrap import Application, opened
from caretrail.generate.names import FAMILIES, WOMEN
from caretrail.intake import reading_context
from caretrail.readers import open_reader
from caretrail.reading.listing import PatientSearch
from caretrail.reading.reader import Reader
from consumers.hl7v2.translate import read
from infra.postgres_server import PostgresServer
from infra.settings import Settings
from projections.catalogue import PROJECTIONS
from projections.engine import generations
from projections.engine.table import Table
from projections.patient_identifiers import IDENTIFIER
from projections.patient_tokens import TOKEN
from projections.patients import PATIENT
from projections.timeline import ENCOUNTER

#: With ten times the patients, a read may take this many times as long.
GOAL: Final = 1.3
_START: Final = datetime(2026, 3, 2, tzinfo=UTC)
_NOW: Final = _START + timedelta(days=30)
_RECORDED: Final = 200  # patients
_ROUNDS: Final = 200

#: What differs in copy ``n`` of a row, by table. All other columns are copied.
_CHANGED: Final[dict[Table, dict[str, LiteralString]]] = {
    PATIENT: {
        "patient_id": "md5(patient_id || '-' || n)::uuid::text",
        "record_ids": "array[md5(patient_id || '-' || n)::uuid::text]",
        "last_happened_at": "last_happened_at - n * interval '1 second'",
        "recency": "recency - n::bigint * 1000000",
        "component": "md5(component || '-' || n)::uuid::text",
    },
    IDENTIFIER: {
        "patient_id": "md5(patient_id || '-' || n)::uuid::text",
        "ref": "md5(ref || '-' || n)::uuid::text",
        "component": "md5(component || '-' || n)::uuid::text",
    },
    TOKEN: {
        "patient_id": "md5(patient_id || '-' || n)::uuid::text",
        "recency": "recency - n::bigint * 1000000",
        "component": "md5(component || '-' || n)::uuid::text",
    },
    ENCOUNTER: {
        "encounter_id": "md5(encounter_id || '-' || n)::uuid::text",
        "patient_id": "md5(patient_id || '-' || n)::uuid::text",
        "record_id": "md5(record_id || '-' || n)::uuid::text",
        "visit_ref": "md5(visit_ref || '-' || n)::uuid::text",
        "component": "md5(component || '-' || n)::uuid::text",
    },
}


@dataclass(frozen=True, slots=True)
class ReadTimes:
    """Median milliseconds of one read, with few patients and with ten times as many."""

    what: str
    few: float
    many: float

    @property
    def ratio(self) -> float:
        """How many times as long the read takes."""
        return self.many / self.few


def _message(number: int, step: int) -> bytes:
    trigger = "A03" if step else "A01"
    when = f"{_START + timedelta(minutes=number, hours=step):%Y%m%d%H%M%S}"
    family, given = FAMILIES[number % len(FAMILIES)], WOMEN[number % len(WOMEN)]
    return (
        f"MSH|^~\\&|ADT|HOSP|||{when}||ADT^{trigger}|{number}{step}|P|2.5.1|||||UNICODE UTF-8\r"
        f"EVN|{trigger}|{when}||||{when}\r"
        f"PID|1||{number:08}^^^HOSP^MR||{family}^{given}||19510602|F\r"
        f"PV1|1|I|MED^{number}^1^HOSP||||||||||||||||V{number}\r"
    ).encode()


def _record(application: Application) -> None:
    context = reading_context(application, arrived_by="file")
    messages = [_message(number, step) for number in range(_RECORDED) for step in (0, 1)]
    application.record([read(each, context=context) for each in messages[:-1]])
    application.read_models.catch_up()


def _copy(connection: Connection[TupleRow], patients: int) -> None:
    """Copy the rows of the patients who are not in the hospital until there are so many."""
    rows = connection.execute(
        "select component from proj.patient where open_encounter_id is null"
    ).fetchall()
    copied = [component for (component,) in rows]
    active = generations.fed(connection, PROJECTIONS).active
    for generation in active.values():
        for table in generation.projection.tables:
            if table not in _CHANGED:
                continue
            place, changed = table.at(generation.schema), _CHANGED[table]
            values = sql.SQL(", ").join(
                sql.SQL(changed[name]) if name in changed else sql.Identifier(name)
                for name in table.names
            )
            connection.execute(
                sql.SQL(
                    "insert into {place} select {values} from {place}, generate_series(1, {n}) as n"
                    " where component = any(%s)"
                ).format(place=place, values=values, n=sql.Literal(patients // len(copied))),
                (copied,),
            )
            connection.execute(sql.SQL("vacuum analyze {}").format(place))


def _reads(reader: Reader) -> dict[str, Callable[[], object]]:
    """Return the reads that are measured."""
    number, name = PatientSearch(words=f"{7:08}"), PatientSearch(words=FAMILIES[7])
    return {
        "census, one row": lambda: reader.census.read(now=_NOW).occupied,
        "search by number": lambda: reader.patients(number).listed,
        "search by family name": lambda: reader.patients(name).listed,
        "first page of patients": lambda: reader.patients().listed,
    }


@contextmanager
def _filled(server: PostgresServer, home: Path, patients: int) -> Iterator[Reader]:
    """Give a reader over a database with about so many patients."""
    name = f"patients_{patients}"
    with psycopg.connect(server.url, autocommit=True) as admin:
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    (home / name).mkdir(mode=0o700)
    settings = Settings.model_validate(
        {"home": home / name, "database_url": make_conninfo(server.url, dbname=name),
         "kafka": False, "id_key": "07" * 32, "log_level": "error"}
    )  # fmt: skip
    with opened(settings) as application, open_reader(application) as reader:
        _record(application)
        with application.connect() as connection:
            _copy(connection, patients)
        yield reader


def measured(patients: int, report: Callable[[str], None]) -> list[ReadTimes]:
    """Measure with a tenth of ``patients`` and with all of them, in turns."""
    times: dict[str, tuple[list[float], list[float]]] = {}
    # In a folder that another user can enter: if we are root, PostgreSQL runs as another user.
    with (
        TemporaryDirectory(prefix="caretrail-bench-", ignore_cleanup_errors=True) as folder,
        PostgresServer(Path(folder)) as server,
        ExitStack() as stack,
    ):
        sides: list[dict[str, Callable[[], object]]] = []
        for size in (patients // 10, patients):
            report(f"reads: making {size} patients")
            reader = stack.enter_context(_filled(server, Path(folder), size))
            sides.append(_reads(reader))
        for _ in range(_ROUNDS):
            for side, reads in enumerate(sides):
                for what, once in reads.items():
                    started = time.perf_counter()
                    assert once(), what
                    seconds = time.perf_counter() - started
                    times.setdefault(what, ([], []))[side].append(seconds)
    return [
        ReadTimes(what, statistics.median(few) * 1000, statistics.median(many) * 1000)
        for what, (few, many) in times.items()
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reads", description=__doc__)
    parser.add_argument("--patients", type=int, default=33_334)
    given = parser.parse_args()
    for each in measured(given.patients, print):
        print(f"{each.what}: {each.few:.1f}, {each.many:.1f} ms, {each.ratio:.2f} x")


if __name__ == "__main__":
    main()
