"""An encounter id that was given out finds its encounter permanently."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg
import pytest

from caretrail.bootstrap import opened
from caretrail.readers import open_reader
from infra.postgres_server import joined
from infra.settings import Settings
from tests.acceptance.command_line import CommandLine, SameProcess
from tests.acceptance.test_command_line import message
from tests.pages import pages_app
from tests.serving import serving
from tests.signed_in import sessions_of, sign_in

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def line(module_home: Path) -> Iterator[CommandLine]:
    with joined(module_home):
        yield SameProcess(module_home)


@pytest.fixture(scope="module")
def ids(line: CommandLine) -> tuple[str, str]:
    """The id that was given out, and the id after a statement came that was sent earlier."""
    transfer = message("A02", "2", sent="20260301120500", bed="2", happened="20260301120000")
    admission = message("A01", "1", sent="20260301101000", bed="1", happened="20260301100000")
    given_out, now = ingest(line, transfer), ingest(line, admission)
    assert given_out != now
    return given_out, now


def ingest(line: CommandLine, text: str) -> str:
    """Ingest a message and return the id of the one encounter."""
    feed = line.home.with_name("feed.hl7")
    feed.write_text(text)
    assert line.object("ingest", feed)["recorded"] == 1
    (encounter,) = line.object("timeline", "MERCY|0042")["encounters"]
    return str(encounter["encounter_id"])


def test_why_shows_the_encounter_under_both_ids(line: CommandLine, ids: tuple[str, str]) -> None:
    for one in ids:
        chain = line.object("why", one)
        assert (chain["id"], chain["kind"], chain["encounter_id"]) == (one, "encounter", ids[1])
        assert {each["message"]["control_id"] for each in chain["events"]} == {"1", "2"}


def test_why_still_shows_a_single_event_by_its_event_id(
    line: CommandLine, ids: tuple[str, str]
) -> None:
    event_id = line.object("why", ids[0])["events"][0]["event_id"]
    chain = line.object("why", event_id)
    assert (chain["kind"], len(chain["events"])) == ("event", 1)


def test_the_timeline_is_found_by_both_ids_now_and_as_known_earlier(
    line: CommandLine, ids: tuple[str, str]
) -> None:
    by_number = line.object("timeline", "MERCY|0042")
    for one in ids:
        assert line.object("timeline", one) == by_number
        (then,) = line.object("timeline", one, "--known-at", "2")["encounters"]
        assert then["encounter_id"] == ids[0]


def test_the_page_of_the_patient_is_found_by_both_ids(
    line: CommandLine, ids: tuple[str, str]
) -> None:
    settings = Settings(home=line.home, kafka=False)
    with opened(settings) as application, open_reader(application) as reader:
        app = pages_app(reader, now=lambda: datetime(2026, 3, 2, tzinfo=UTC))
        with serving(app) as address, httpx.Client(base_url=address, trust_env=False) as client:
            sign_in(client, sessions_of(reader))
            pages = [client.get(f"/ui/patients/{one}") for one in ids]
    assert [each.status_code for each in pages] == [200, 200]
    assert all("ALDER" in each.text or "Alder" in each.text for each in pages)


def test_sql_finds_the_encounter_by_both_ids(line: CommandLine, ids: tuple[str, str]) -> None:
    with joined(line.home) as url, psycopg.connect(url) as connection:
        found = connection.execute(
            "select alias, encounter.encounter_id from care.encounter_alias"
            " join care.encounter using (encounter_id)"
        ).fetchall()
    assert dict(found) == dict.fromkeys(ids, ids[1])
