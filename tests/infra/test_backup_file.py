"""The file of a backup is whole, or it is refused."""

import tarfile
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from infra.backup_file import BackupReader, BackupUnusable, Manifest, TableSummary, new_backup

MIB = 1 << 20


def manifest(**changed: object) -> Manifest:
    made: dict[str, object] = {
        "kind": "store",
        "release": "1",
        "made_at": datetime(2026, 3, 1, tzinfo=UTC),
        "incarnation": "i",
        "id_key": "k",
        "index": 3,
        "migrations": {1: "c"},
        "tables": {"es.event": ["a"], "es.store": ["b"]},
    }
    return Manifest(**(made | changed))  # type: ignore[arg-type]  # of the members' types


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "store.backup"
    with new_backup(path, manifest()) as writer:
        writer.add_table("es.event", [b"first", b"second"])
        writer.tables["es.event"].rows = 2
        writer.add_table("es.store", [b"third"])
    assert (writer.size, writer.sha256) == (
        path.stat().st_size,
        sha256(path.read_bytes()).hexdigest(),
    )
    return path


def test_what_was_written_is_read_again(file: Path) -> None:
    reader = BackupReader(file, "store")
    assert reader.manifest == manifest()
    done: list[int] = []
    summaries = reader.verify(done.append)
    assert summaries["es.event"] == TableSummary(
        rows=2, size=11, sha256=sha256(b"firstsecond").hexdigest()
    )
    assert list(reader.pieces()) == [("es.event", b"firstsecond"), ("es.store", b"third")]
    assert done == sorted(done) != []


def test_any_tar_program_reads_it(file: Path) -> None:
    with tarfile.open(file) as tar:
        assert tar.getnames() == [
            "manifest.json",
            "es.event/000001",
            "es.store/000001",
            "end.json",
        ]


NOT_WHOLE: dict[str, Callable[[bytes], bytes]] = {
    "another byte": lambda data: data.replace(b"second", b"Second"),
    "another manifest": lambda data: data.replace(b'"index":3', b'"index":2'),
    "a newer format": lambda data: data.replace(b'"format":1', b'"format":2'),
    "without its end": lambda data: data[: data.index(b"end.json")],
    "cut in a table": lambda data: data[: data.index(b"third") + 2],
    "cut in a header": lambda data: data[: data.index(b"es.store/000001") + 20],
    "cut in the manifest": lambda data: data[:700],
    "empty": lambda _data: b"",
    "something else": lambda _data: b"-- PostgreSQL database dump\n" * 100,
}


@pytest.mark.parametrize("change", NOT_WHOLE.values(), ids=NOT_WHOLE)
def test_a_file_that_is_not_whole_is_refused(file: Path, change: Callable[[bytes], bytes]) -> None:
    whole = file.read_bytes()
    file.write_bytes(change(whole))
    assert file.read_bytes() != whole
    with pytest.raises(BackupUnusable):
        BackupReader(file, "store").verify()


def test_a_backup_of_keys_is_no_backup_of_a_store(file: Path) -> None:
    with pytest.raises(BackupUnusable):
        BackupReader(file, "keys")


def test_an_interrupted_backup_leaves_no_file(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x" * MIB
        raise ConnectionError

    with (
        pytest.raises(ConnectionError),
        new_backup(tmp_path / "store.backup", manifest()) as writer,
    ):
        writer.add_table("es.event", broken())
    assert list(tmp_path.iterdir()) == []


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "store.backup"
    tracemalloc.start()
    try:
        with new_backup(path, manifest(tables={"es.event": ["a"]})) as writer:
            writer.add_table("es.event", (bytes(MIB) for _ in range(128)))
        BackupReader(path, "store").verify()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert path.stat().st_size > 128 * MIB
    assert peak < 48 * MIB
