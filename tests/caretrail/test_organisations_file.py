"""The organisations that the commands of an installation may name."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from caretrail.organisations_file import OrganisationsFile
from commands.organisations import EVERY_ORGANISATION
from domain.statement import Moment
from infra.settings import BadSettings, Settings

NOON = Moment(at=datetime(2026, 3, 10, 12, tzinfo=UTC))


def write(home: Path, text: str) -> None:
    """Write the file as an editor does: another file takes its place."""
    new = home / "new.toml"
    new.write_text(text)
    os.replace(new, home / "organisations.toml")  # noqa: PTH105 - says that it replaces


def codes(file: OrganisationsFile) -> set[str]:
    return set(file.current().by_name or ())


def test_codes_aliases_and_periods_are_read_from_the_file_of_the_home(tmp_path: Path) -> None:
    write(tmp_path, '[GENERAL]\n[HEART]\naliases = ["1234567893"]\nuntil = 2026-03-10\n')
    known = OrganisationsFile(Settings(home=tmp_path, zone="America/Chicago")).current()
    assert known.code_of("1234567893") == known.code_of("HEART") == "HEART"
    assert known.code_of("GENERAL") == "GENERAL"
    assert known.by_name is not None
    heart = known.by_name["1234567893"]
    # The last day ends in the zone of the installation.
    assert heart.until == datetime(2026, 3, 11, 5, tzinfo=UTC)
    assert heart.holds(NOON)
    assert not heart.holds(Moment(at=datetime(2026, 3, 11, 5, tzinfo=UTC)))


def test_without_a_file_every_organisation_is_accepted(tmp_path: Path) -> None:
    file = OrganisationsFile(Settings(home=tmp_path), look_every=0)
    assert file.current() is EVERY_ORGANISATION
    write(tmp_path, "[GENERAL]")
    assert codes(file) == {"GENERAL"}


def test_a_file_that_the_settings_name_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="CARETRAIL_ORGANISATIONS: there is no file"):
        OrganisationsFile(Settings(home=tmp_path, organisations=tmp_path / "none.toml"))


def test_a_changed_file_is_read_again_and_one_that_cannot_be_used_is_not(tmp_path: Path) -> None:
    write(tmp_path, "[GENERAL]")
    file = OrganisationsFile(Settings(home=tmp_path), look_every=0)
    write(tmp_path, "[GENERAL]\n[HEART]")
    assert codes(file) == {"GENERAL", "HEART"}
    write(tmp_path, "[GENERAL")
    assert codes(file) == {"GENERAL", "HEART"}
    (tmp_path / "organisations.toml").unlink()
    assert codes(file) == {"GENERAL", "HEART"}
    write(tmp_path, "[HEART]")
    assert codes(file) == {"HEART"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("GENERAL = 1", "GENERAL: .*write a table for each organisation"),
        ("[GENERAL]\nname = 'x'", "GENERAL.name: .*with the keys aliases, since, until"),
        ("['St. Mary']", "St. Mary: String should match"),
        ("[GENERAL]\naliases = ['a b']", "GENERAL.aliases.0: String should match"),
        ("[GENERAL]\nsince = '2026-01-01'", "GENERAL.since: "),
        ("[GENERAL]\nsince = 2026-02-01\nuntil = 2026-01-31", "GENERAL: .*until is before since"),
        ("[A]\naliases = ['B']\n[B]", "B: B names A already"),
        ("[GENERAL", "is not valid TOML"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_place(
    tmp_path: Path, text: str, words: str
) -> None:
    write(tmp_path, text)
    with pytest.raises(BadSettings, match=words):
        OrganisationsFile(Settings(home=tmp_path))
