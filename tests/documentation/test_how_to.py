"""The how-to pages run as they stand. The tutorial runs beside the demo that it starts with."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from shutil import copy

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from infra.postgres_server import PostgresServer, joined
from tests import homes
from tests.acceptance.command_line import CommandLine, SameProcess
from tests.documentation.console import DOCS, blocks, console, variables

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]

ROOT = DOCS.parent
PACKAGES = ("caretrail", "commands", "consumers", "domain", "infra", "projections")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in which PostgreSQL, which is another user if we are root, can have a home."""
    with homes.new_folder() as folder:
        yield folder


@contextmanager
def mercy(made: Path, home: Path) -> Iterator[CommandLine]:
    """Make the home of the tutorial, with its messages taken in and its server running."""
    homes.copy_home(made, home)
    files = {each.name: each.text for each in blocks("tutorial.md")}
    (home / "profiles.toml").write_text(files["profiles.toml"], "utf-8")
    (home / "mercy.hl7").write_text(files["mercy.hl7"], "utf-8")
    line = SameProcess(home)
    with joined(home):
        line.run("ingest", home / "mercy.hl7")
        yield line


def test_connect_a_feed(folder: Path) -> None:
    with console(folder, variables(folder)) as shell:
        shell.follow("how-to/connect-a-feed.md")


def test_read_messages_again(folder: Path) -> None:
    # The server runs throughout, so that not every command starts it.
    with joined(folder / "again"), console(folder, variables(folder)) as shell:
        shell.follow("how-to/read-messages-again.md")


def test_back_up_and_restore(folder: Path, made_home: Path) -> None:
    with mercy(made_home, folder / "home") as line:
        (folder / "safe").mkdir()
        copy(line.home / "keys" / "master.key", folder / "safe")
        environment = {**variables(folder), "CARETRAIL_HOME": str(line.home)}
        with console(folder, environment) as shell:
            shell.follow("how-to/back-up-and-restore.md")


def test_troubleshoot(folder: Path, made_home: Path) -> None:
    with mercy(made_home, folder / "home") as line:
        environment = {**variables(folder), "CARETRAIL_HOME": str(line.home)}
        with console(folder, environment) as shell:
            shell.follow("how-to/troubleshoot.md")


@pytest.mark.sources
def test_every_text_that_troubleshoot_quotes_is_in_the_code() -> None:
    page = (DOCS / "how-to" / "troubleshoot.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    quoted = {each for row in rows for each in re.findall(r"`([^`]+)`", row.split("|")[1])}
    sources = "".join(
        re.sub(r'"\s*\n\s*f?"', "", path.read_text("utf-8"))  # a text over several lines
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
    )
    known = {"AR", "AE", "/readyz", "caretrail projections ls", "http://127.0.0.1:8600/readyz"}
    known |= {"HOME/postgres/server.log", "HOME/kafka/broker.log"}
    assert len(quoted) > 20
    assert {each for each in quoted - known if each not in sources} == set()


def test_a_database_made_as_the_page_says_is_enough(folder: Path) -> None:
    (statements,) = [each.text for each in blocks("how-to/run-on-your-own-servers.md")
                     if each.language == "sql"]  # fmt: skip
    # The embedded server has a superuser and a database of the name that the page uses.
    owner = f"owner_{token_hex(4)}"
    statements = re.sub(r"\bcaretrail\b", owner, statements)
    with PostgresServer(folder / "server", tcp=True) as server:
        with psycopg.connect(server.url, autocommit=True) as admin:
            for statement in statements.split(";"):
                if statement.strip():
                    admin.execute(statement.encode())
        where = conninfo_to_dict(server.tcp_url)
        url = f"postgresql://{owner}:long%20and%20random@127.0.0.1:{where['port']}/{owner}"
        line = SameProcess(
            folder / "home", {"CARETRAIL_DATABASE_URL": url, "CARETRAIL_ID_KEY": "5a" * 32}
        )
        assert all(each["ok"] for each in line.objects("doctor"))
        files = {each.name: each.text for each in blocks("tutorial.md")}
        feed = folder / "mercy.hl7"
        feed.write_text(files["mercy.hl7"], "utf-8")
        assert line.object("ingest", feed)["events"] == 2
        with psycopg.connect(make_conninfo(server.url, dbname=owner)) as admin:
            admin.execute("set role care_analyst")
            assert admin.execute("select count(*) from care.census").fetchone() == (1,)


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "index.md").read_text("utf-8")
    pages = {str(each.relative_to(DOCS)) for each in DOCS.rglob("*.md")} - {"index.md"}
    assert pages - set(re.findall(r"\]\(([\w/.-]+\.md)\)", index)) == set()
