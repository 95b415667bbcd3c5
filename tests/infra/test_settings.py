"""Settings are read from the environment, named in errors, and documented as they are."""

from pathlib import Path

import pytest

from infra.settings import BadSettings, Settings, load

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"


def table() -> str:
    lines = ["| variable | default | what it sets |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.get_default()
        shown = "" if default is None else f"`{default}`"
        if name == "home":
            shown = "`$XDG_DATA_HOME/caretrail`, else `~/.local/share/caretrail`"
        lines.append(f"| `CARETRAIL_{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(lines)


def test_every_setting_is_documented_as_it_is() -> None:
    assert table() in DOCUMENT.read_text("utf-8")


def test_a_wrong_value_names_its_variable_and_not_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARETRAIL_MLLP_PORT", "secret-port")
    with pytest.raises(BadSettings, match="CARETRAIL_MLLP_PORT") as caught:
        load()
    assert "secret-port" not in str(caught.value)


def test_a_zone_that_nobody_knows_is_refused_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CARETRAIL_ZONE", "Mars")
    with pytest.raises(BadSettings, match="write an IANA zone"):
        load()


def test_the_home_follows_the_base_directory_specification(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CARETRAIL_HOME", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert load().home == tmp_path / "caretrail"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load().home == tmp_path / ".local" / "share" / "caretrail"


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARETRAIL_DATABASE_URL", "")
    assert load().database_url is None
