"""A read waits for the read models for a bounded time, then says how far behind its answer is."""

import json
from pathlib import Path
from time import monotonic
from urllib.error import HTTPError
from urllib.request import urlopen

import psycopg
import pytest

from infra.mllp_client import MllpClient, code_of
from infra.postgres_server import joined
from tests.acceptance.command_line import CommandLine, SameProcess
from tests.acceptance.service import RunningService, serving
from tests.acceptance.test_backup import second
from tests.acceptance.test_operations import ALONE, admission
from tests.waiting import until

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

#: After this, no batch of events can be applied, whatever the events say.
STUCK = """
create function proj.refuse() returns trigger language plpgsql as
    $$ begin raise exception 'refused' using errcode = 'program_limit_exceeded'; end $$;
create trigger refuse before update on proj.position execute function proj.refuse();
"""
FREE = "drop function proj.refuse cascade"


def change(home: Path, statements: str) -> None:
    with joined(home) as url, psycopg.connect(url) as connection:
        connection.execute(statements.encode())


def answer(line: CommandLine, *arguments: str) -> tuple[str, str]:
    """Run a verb that must return soon; return its output and what it says beside it."""
    started = monotonic()
    done = line._run(arguments, 0)
    assert monotonic() - started < 60
    return done.stdout, done.stderr


def readyz(service: RunningService) -> dict[str, str]:
    try:
        with urlopen(f"{service.facts()['pages']}/readyz", timeout=60) as found:
            return dict(json.loads(found.read())["problems"])
    except HTTPError as error:
        return dict(json.loads(error.read())["problems"])


def test_a_read_beside_an_event_that_cannot_be_projected_returns_and_says_so(home: Path) -> None:
    line = SameProcess(home, {**ALONE, "CARETRAIL_READ_WAIT": "1"})
    feed = home.with_name("feed.hl7")
    feed.write_bytes(admission(1))
    line.run("ingest", feed)
    with serving(line) as service:
        change(home, STUCK)
        with MllpClient(*service.mllp, timeout=30) as client:
            assert code_of(client.send(admission(2))) == "AA"
        until(lambda: "cannot go on" in readyz(service).get("projector", ""), "the projector")
        shown, said = answer(line, "timeline", "MERCY|10001", "--json")
        assert json.loads(shown)["behind"] == 1
        assert json.loads(shown)["known_at"]["index"] == 2
        assert "(1 behind): after 1 s the read models hold the events up to 2 of 3" in said
        with service.browser().open(f"{service.facts()['pages']}/ui/patients", timeout=60) as page:
            assert "1 event behind" in page.read().decode()
        assert "projector" in readyz(service)
        found = line._run(("projections", "digest", "--json"), 1)
        assert {each["behind"] for each in json.loads(found.stdout).values()} == {1}
    with joined(home):  # no service runs, and not every command starts PostgreSQL
        for verb in (
            ("timeline", "MERCY|10001"),
            ("patients", "ls"),
            ("census",),
            ("audit", "trail"),
            ("referral", "ls"),
        ):
            shown, said = answer(line, *verb)  # the command itself cannot apply it
            assert "(1 behind)" in said
        store, keys = home.with_name("store.backup"), home.with_name("keys.backup")
        line.run("backup", "--store", store, "--keys", keys)
        other = second(home)
        with joined(other.home):
            other.run("restore", "--store", store, "--keys", keys)
            assert len(other.objects("patients", "ls")) == 2
        change(home, FREE)
        shown, said = answer(line, "timeline", "MERCY|10001", "--json")
        assert (json.loads(shown)["behind"], said) == (0, "")
        assert len(line.objects("patients", "ls")) == 2


def test_a_read_that_would_rebuild_for_too_long_says_what_to_do(home: Path) -> None:
    line = SameProcess(home, {**ALONE, "CARETRAIL_READ_WAIT": "1"})
    feed = home.with_name("feed.hl7")
    feed.write_bytes(admission(1))
    with joined(home) as url:
        line.run("ingest", feed)
        with psycopg.connect(url) as analyst:
            change(home, "update proj.version set shape = shape + 1 where projection = 'census'")
            analyst.execute("select count(*) from care.encounter")  # a rebuild waits for it
            for verb in (("timeline", "MERCY|10001"), ("census",), ("projections", "digest")):
                said = line.refused(*verb)
                assert "nothing can be shown yet: read models (census)" in said
                assert "caretrail projections rebuild" in said
        line.run("projections", "rebuild")
        assert len(line.objects("census")) == 1
