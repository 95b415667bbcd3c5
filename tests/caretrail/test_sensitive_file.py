"""The codes of the installation that are stored sealed."""

from pathlib import Path

import pytest

from caretrail.sensitive_file import sensitive_codes
from commands.sensitive_codes import NO_CODES, SensitiveCodes
from infra.settings import BadSettings, Settings


def test_the_codes_are_read_from_the_file_of_the_home(tmp_path: Path) -> None:
    (tmp_path / "sensitive.toml").write_text(
        'services = ["BEHAVIORAL-HEALTH"]\nspecialties = ["394587001"]\nreasons = ["F1"]\n'
    )
    assert sensitive_codes(Settings(home=tmp_path)) == SensitiveCodes(
        services=frozenset({"BEHAVIORAL-HEALTH"}),
        specialties=frozenset({"394587001"}),
        reasons=frozenset({"F1"}),
    )


def test_without_a_file_no_code_is_sensitive(tmp_path: Path) -> None:
    assert sensitive_codes(Settings(home=tmp_path)) == NO_CODES


def test_a_file_that_the_settings_name_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="CARETRAIL_SENSITIVE: there is no file"):
        sensitive_codes(Settings(home=tmp_path, sensitive=tmp_path / "none.toml"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('services = "ECHO"', "services: write lists of codes"),
        ("reasons = [7]", "reasons.0: write lists of codes"),
        ('reasons = [""]', "reasons.0: write lists of codes"),
        ("needs = []", "needs: write lists of codes; the keys are services, specialties, reasons"),
        ("services = ", "is not valid TOML"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_place(
    tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "sensitive.toml").write_text(text)
    with pytest.raises(BadSettings, match=words):
        sensitive_codes(Settings(home=tmp_path))
