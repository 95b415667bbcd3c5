"""A home derives its ids with a key of its own: the documented key finds no record number."""

from pathlib import Path

import pytest

from domain.ids import DEVELOPMENT_KEY, IdKey
from infra.postgres_server import joined
from tests.acceptance.command_line import CommandLine, SameProcess

pytestmark = pytest.mark.postgres

NUMBERS = range(10_000, 10_100)


@pytest.fixture
def home(new_home: Path) -> Path:
    """A home that draws its own key."""
    return new_home


def admission(number: int) -> str:
    return "\r".join(
        [
            f"MSH|^~\\&|ADT|MERCY|||20260301100000||ADT^A01|{number}|P|2.5",
            "EVN||20260301100000",
            f"PID|1||{number}^^^MERCY^MR||ALDER^ROWENA||19510602|F",
            f"PV1|1|I|4W^401^1^MERCY{'|' * 16}V{number}",
        ]
    )


def found_again(ids: set[str], key: IdKey) -> list[int]:
    """Return the record numbers that ids give away to a person who has this key."""
    return [each for each in NUMBERS if key.record("MERCY", str(each), "P") in ids]


@pytest.fixture
def feed(home: Path) -> Path:
    file = home.with_name("feed.hl7")
    file.write_text("\n".join(map(admission, NUMBERS[:3])), "utf-8")
    return file


def ids_of(line: CommandLine) -> set[str]:
    return {each["patient_id"] for each in line.objects("patients", "ls")}


def test_ids_of_a_new_home_do_not_give_record_numbers_away(home: Path, feed: Path) -> None:
    line = SameProcess(home)
    with joined(home):
        line.run("ingest", feed)
        ids = ids_of(line)
        (checked,) = (each for each in line.objects("doctor") if each["check"] == "ids")
    key_file = home / "keys" / "id.key"
    assert key_file.stat().st_mode & 0o777 == 0o600
    ours = IdKey(bytes.fromhex(key_file.read_text("ascii")))
    assert found_again(ids, IdKey(DEVELOPMENT_KEY)) == []
    assert found_again(ids, ours) == list(NUMBERS[:3])
    assert (checked["ok"], checked["warning"]) == (True, False)


def test_a_home_whose_id_key_is_lost_gets_it_back_from_the_backup_of_its_keys(
    home: Path, feed: Path
) -> None:
    line = SameProcess(home)
    key_file = home / "keys" / "id.key"
    with joined(home):
        line.run("ingest", feed)
        ids = ids_of(line)
        keys = home.with_name("keys.backup")
        line.run("backup", "--keys", keys)
        key_file.unlink()
        assert "restore --keys" in line.refused("patients", "ls")
        assert not key_file.exists()
        line.run("restore", "--keys", keys)
        assert ids_of(line) == ids
