from pathlib import Path

from infra.atomic_file import write_atomically


def test_a_reader_that_has_the_file_open_keeps_the_whole_old_text(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, "one")
    with path.open() as reader:
        write_atomically(path, "two, and longer")
        assert reader.read() == "one"
    assert path.read_text() == "two, and longer"


def test_the_file_is_private_and_no_scratch_file_is_left(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("made by another program")
    path.chmod(0o644)
    write_atomically(path, "ours")
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
