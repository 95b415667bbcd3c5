"""A writer that is killed at any moment loses no acknowledged message and records none twice."""

import subprocess
import sys
from pathlib import Path
from random import Random

import psycopg
import pytest

from tests.intake_samples import received
from tests.stores import opened, record

pytestmark = pytest.mark.postgres

ROOT = Path(__file__).parents[2]
WRITER = """
import sys
from pathlib import Path
from tests.intake_samples import draft, received
from tests.stores import opened, record

with opened(sys.argv[1], Path(sys.argv[2])) as (store, _):
    for i in range(int(sys.argv[3]), 10**9):
        record(store, [received(f"m{i}-{j}", draft(f"{i % 3}-{j}")) for j in range(3)])
        print(i, flush=True)
"""


def test_every_acknowledged_message_of_a_killed_writer_is_recorded_once(
    database: str, tmp_path: Path, connection: psycopg.Connection
) -> None:
    random = Random(7)  # moments to kill at
    acknowledged = -1
    for _ in range(4):
        command = [sys.executable, "-c", WRITER, database, str(tmp_path), str(acknowledged)]
        if acknowledged < 0:
            command[-1] = "0"
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as writer:
            assert writer.stdout is not None
            for _ in range(random.randrange(1, 30)):
                acknowledged = int(writer.stdout.readline())
            writer.kill()
            rest = writer.stdout.read().split()
        acknowledged = int(rest[-1]) if rest else acknowledged
    with opened(database, tmp_path) as (store, _):
        events = [each.envelope for each in store.read(0, 100_000)]
        assert [each.index for each in events] == list(range(1, len(events) + 1))
        assert len({each.message_id for each in events}) == len(events)
        again = record(store, [received(f"m{i}-0") for i in range(acknowledged + 1)])
    assert {each.disposition.value for each in again} == {"duplicate"}
    counts = connection.execute(
        "select (select count(*) from intake.key), (select count(*) from intake.message),"
        " (select count(distinct key) from intake.message),"
        " (select count(*) from es.subject_key s left join keys.data_key using (key_id)"
        " where wrapped is null)"
    ).fetchone()
    assert counts == (len(events), len(events), len(events), 0)
