"""Which files ``ingest`` and ``send`` read."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from caretrail.cli.message_files import message_files, messages_in
from caretrail.failure import Failed
from caretrail.generate import generate, write


def test_every_message_of_a_generated_folder_is_read_and_nothing_else(tmp_path: Path) -> None:
    written = write(generate(3, 1, start=datetime(2026, 3, 2, 6, tzinfo=UTC)), tmp_path / "world")
    assert (tmp_path / "world" / "profiles.toml").exists()
    read = list(messages_in(message_files([str(tmp_path)])))
    assert len(read) == written
    assert all(each.startswith(b"MSH|") for each in read)


def test_a_file_that_is_named_is_read_whatever_its_name(tmp_path: Path) -> None:
    named = tmp_path / "profiles.toml"
    named.write_text("MSH|^~\\&|ADT", "utf-8")
    assert message_files([str(named)]) == [named]


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="no such file or folder"):
        message_files([str(tmp_path / "nothing")])
