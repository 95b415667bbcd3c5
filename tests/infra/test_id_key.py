"""The id key of a home: drawn once, private, and named in every error."""

from pathlib import Path

import pytest

from domain.ids import DEVELOPMENT_KEY, IdKey
from infra import id_key
from infra.id_key import IdKeyUnusable

DRAWN = bytes(range(32))


def of_home(path: Path, fingerprint: str | None, drawn: bytes = DRAWN) -> IdKey:
    return id_key.of_home(path, fingerprint=fingerprint, draw=lambda: drawn)


def test_a_new_home_draws_a_key_and_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "id.key"
    key = of_home(path, None)
    assert key == IdKey(DRAWN)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]
    assert of_home(path, None, drawn=b"2" * 32) == key
    assert of_home(path, key.fingerprint(), drawn=b"2" * 32) == key


def test_a_home_that_was_made_with_the_development_key_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "id.key"
    development = IdKey(DEVELOPMENT_KEY)
    assert of_home(path, development.fingerprint()) == development
    assert not path.exists()


def test_a_key_that_is_missing_is_never_drawn_again(tmp_path: Path) -> None:
    path = tmp_path / "id.key"
    with pytest.raises(IdKeyUnusable, match="put the file back") as refused:
        of_home(path, IdKey(DRAWN).fingerprint(), drawn=b"2" * 32)
    assert str(path) in str(refused.value)
    assert not path.exists()


@pytest.mark.parametrize(
    ("text", "mode", "remedy"),
    [
        (b"no key", 0o600, "put back the file"),
        (b"5a" * 31, 0o600, "put back the file"),
        (b"5a" * 32, 0o640, "chmod 600"),
        (b"5a" * 32, 0o604, "chmod 600"),
    ],
)
def test_a_file_that_is_open_to_others_or_no_key_is_named_with_the_remedy(
    tmp_path: Path, text: bytes, mode: int, remedy: str
) -> None:
    path = tmp_path / "id.key"
    path.write_bytes(text)
    path.chmod(mode)
    with pytest.raises(IdKeyUnusable, match=remedy) as refused:
        of_home(path, None)
    assert str(path) in str(refused.value)
    assert "5a5a" not in str(refused.value)


def test_the_text_of_the_file_can_be_given_as_the_setting(tmp_path: Path) -> None:
    path = tmp_path / "id.key"
    of_home(path, None)
    text = path.read_text("ascii").strip()
    assert id_key.is_id_key(text)
    assert IdKey(bytes.fromhex(text)) == IdKey(DRAWN)
