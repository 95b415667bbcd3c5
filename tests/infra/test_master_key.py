"""The file of the master key: private, made once, and named in every error."""

from pathlib import Path

import pytest

from infra import master_key
from infra.master_key import MasterKeyUnusable


def test_a_new_key_is_private_and_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "master.key"
    made = master_key.make(path, bytes(range(32)))
    assert made.secret == bytes(range(32))
    assert master_key.load(path) == made
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_key_that_another_process_made_first_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    first = master_key.make(path, b"1" * 32)
    assert master_key.make(path, b"2" * 32) == first


def test_two_keys_have_different_fingerprints_and_texts_never_show_a_key(tmp_path: Path) -> None:
    one = master_key.make(tmp_path / "one", b"1" * 32)
    two = master_key.make(tmp_path / "two", b"2" * 32)
    assert one.fingerprint() != two.fingerprint()
    assert "1111" not in repr(one)


@pytest.mark.parametrize(
    ("text", "mode", "remedy"),
    [
        (None, 0, "CARETRAIL_KEY_FILE"),
        (b"no key", 0o600, "put back the file"),
        (b"MTExMQ==\n", 0o600, "put back the file"),
        (b"1" * 32, 0o644, "chmod 600"),
        (b"1" * 32, 0o640, "chmod 600"),
    ],
)
def test_a_file_that_is_missing_or_open_or_no_key_is_named_with_the_remedy(
    tmp_path: Path, text: bytes | None, mode: int, remedy: str
) -> None:
    path = tmp_path / "master.key"
    if text is not None:
        path.write_bytes(text)
        path.chmod(mode)
    with pytest.raises(MasterKeyUnusable, match=remedy) as refused:
        master_key.load(path)
    assert str(path) in str(refused.value)
