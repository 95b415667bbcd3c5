import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infra import child_processes, postgres_account, postgres_binaries
from infra.postgres_home import PostgresHome
from infra.postgres_server import PostgresServer, PostgresUnavailable, joined, running_url
from tests import servers
from tests.infra.server_users import another_user, end

pytestmark = pytest.mark.postgres


@pytest.fixture
def new_home() -> Iterator[Path]:
    """A home that does not exist yet."""
    with servers.home() as folder:
        yield folder / "home"


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A home whose server has run; later starts are faster than the first one."""
    with servers.home() as folder:
        with PostgresServer(folder):
            pass
        yield folder


@pytest.fixture
def home(made: Path) -> Iterator[Path]:
    """A home whose server has run before; each test must leave no process in it."""
    yield made
    assert left_behind(made) == []


@pytest.fixture(scope="module")
def used() -> Iterator[PostgresServer]:
    """A running server that tests do not stop."""
    with servers.home() as folder, PostgresServer(folder, tcp=True) as server:
        yield server


def left_behind(home: Path) -> list[str]:
    """Return the process ids and the socket folder of a home that are still there."""
    files = PostgresHome(home)
    processes = [str(each.pid) for each in child_processes.find_by_argument(str(files.data))]
    found = files.find()
    return processes + ([str(found.socket_folder)] if found else [])


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


def test_the_settings_that_make_commits_durable_are_on(used: PostgresServer) -> None:
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        assert setting(used.url, name) == "on"


def test_its_socket_is_in_a_short_private_folder_outside_of_the_home(used: PostgresServer) -> None:
    folder = Path(str(setting(used.url, "unix_socket_directories")))
    assert folder.stat().st_mode & 0o777 == 0o700
    assert len(os.fsencode(folder / ".s.PGSQL.65535")) <= 103
    assert not folder.is_relative_to(used.log.parent.parent)


def test_it_has_a_session_of_its_own(used: PostgresServer) -> None:
    assert os.getsid(used.pid) == used.pid


def test_tcp_accepts_only_the_password(used: PostgresServer) -> None:
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


def test_it_runs_as_our_user_or_as_a_user_of_its_own_if_we_are_root(used: PostgresServer) -> None:
    folder = Path(str(setting(used.url, "unix_socket_directories")))
    account = postgres_account.find_account()
    assert (account.user is not None) == (os.geteuid() == 0)
    assert folder.stat().st_uid == (account.user or os.geteuid()) != 0


def test_stopping_leaves_no_process_and_no_socket(home: Path) -> None:
    with PostgresServer(home) as server:
        folder = Path(str(setting(server.url, "unix_socket_directories")))
        assert running_url(home) == server.url
    assert running_url(home) is None
    assert not folder.exists()
    server.stop()


def test_committed_rows_are_there_after_a_restart(home: Path) -> None:
    server = PostgresServer(home)
    for expected in (1, 2):
        with server:
            do(server.url, "create table if not exists kept (n int); insert into kept values (1)")
            assert ask(server.url, "select count(*) from kept") == [(expected,)]


def test_two_homes_have_servers_of_their_own(home: Path, used: PostgresServer) -> None:
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
    half = PostgresHome(long).data.with_name("data.new")
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with PostgresServer(long) as server:
        assert ask(server.url, "select 1") == [(1,)]
        assert running_url(long) == server.url
    assert not half.exists()


@pytest.mark.parametrize("variables", [{}, {"LANG": "de_DE.ISO-8859-1", "LC_ALL": "nowhere"}])
def test_the_locale_and_postgresql_variables_of_the_user_have_no_effect(
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


def test_the_server_starts_under_a_strict_umask_and_the_home_is_private(
    new_home: Path,
) -> None:
    before = os.umask(0o077)
    try:
        with PostgresServer(new_home) as server:
            assert ask(server.url, "select 1") == [(1,)]
    finally:
        os.umask(before)
    # If we are root, the server is another user: it may pass through the home, but not list it.
    assert new_home.stat().st_mode & 0o777 in {0o700, 0o701}
    assert PostgresHome(new_home).data.stat().st_mode & 0o777 == 0o700


def test_a_server_left_by_a_killed_run_is_taken_over(home: Path) -> None:
    end(another_user(PostgresServer, home), kill=True)
    left = PostgresHome(home).find()
    assert left is not None
    with PostgresServer(home) as server:
        assert server.pid == left.child.pid
        assert ask(server.url, "select 1") == [(1,)]


def test_a_server_left_by_a_killed_run_is_replaced_if_its_settings_differ(home: Path) -> None:
    end(another_user(PostgresServer, home), kill=True)
    left = PostgresHome(home).find()
    assert left is not None
    with PostgresServer(home, tcp=True) as server:
        assert server.pid != left.child.pid
        assert ask(server.tcp_url, "select 1") == [(1,)]


def test_a_killed_server_starts_again_with_all_committed_rows(
    home: Path,
) -> None:
    with PostgresServer(home) as server:
        do(server.url, "create table survived as select 7 as n")
        os.kill(server.pid, signal.SIGKILL)
        assert child_processes.wait_until(lambda: not server.is_running(), 10)
        assert running_url(home) is None
        server.start()
        assert ask(server.url, "select n from survived") == [(7,)]


def test_an_old_record_that_names_another_process_or_is_empty_prevents_no_start(home: Path) -> None:
    other = child_processes.start([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        with PostgresServer(home) as server:
            record = PostgresHome(home).data / "postmaster.pid"
            text = record.read_text()
        record.write_text(text.replace(text.split("\n")[0], str(other.pid), 1))
        assert running_url(home) is None
        with server:
            assert ask(server.url, "select 1") == [(1,)]
        record.write_text("")
        with server:
            assert ask(server.url, "select 1") == [(1,)]
        assert other.is_running()
    finally:
        other.stop(within=10)


def test_a_second_process_joins_the_server_and_the_last_to_leave_stops_it(home: Path) -> None:
    other = another_user(PostgresServer, home)
    with joined(home) as url:
        assert url == running_url(home)
        end(other)
        assert ask(url, "select 1") == [(1,)]
    assert running_url(home) is None


def test_the_first_process_to_leave_does_not_stop_the_server(home: Path) -> None:
    with joined(home) as url:
        other = another_user(PostgresServer, home)
    assert running_url(home) == url
    end(other)
    assert running_url(home) is None


def test_a_killed_user_does_not_keep_the_server_alive(home: Path) -> None:
    with joined(home):
        end(another_user(PostgresServer, home), kill=True)
    assert running_url(home) is None


def test_another_release_of_postgresql_is_refused(home: Path) -> None:
    release = PostgresHome(home).data / "PG_VERSION"
    release.write_text("16\n")
    with pytest.raises(PostgresUnavailable, match="made by PostgreSQL 16"):
        PostgresServer(home).start()
    release.write_text("18\n")


def test_a_start_that_fails_says_why_with_the_log_and_leaves_no_process(home: Path) -> None:
    server = PostgresServer(home, settings={"shared_buffers": "lots"})
    with pytest.raises(PostgresUnavailable, match="shared_buffers") as raised:
        server.start()
    assert f"(log: {server.log})" in str(raised.value)
    assert not server.is_running()


def test_without_the_wheel_the_error_says_how_to_get_it(
    new_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_binaries, "_WHEEL", "no_such_wheel")
    with pytest.raises(PostgresUnavailable, match=r"caretrail\[local\].*CARETRAIL_DATABASE_URL"):
        PostgresServer(new_home).start()


def test_a_home_that_cannot_be_made_is_named_in_the_error(new_home: Path) -> None:
    new_home.write_text("a file")
    with pytest.raises(PostgresUnavailable, match=r"Not a directory|File exists") as raised:
        PostgresServer(new_home).start()
    assert str(new_home) in str(raised.value)
