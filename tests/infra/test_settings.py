"""Settings are read from the environment, and errors name the variable."""

from pathlib import Path

import pytest

from infra.settings import BadSettings, load


def test_the_error_for_a_wrong_value_names_the_variable_and_not_the_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CARETRAIL_MLLP_PORT", "secret-port")
    with pytest.raises(BadSettings, match="CARETRAIL_MLLP_PORT") as caught:
        load()
    assert "secret-port" not in str(caught.value)


def test_an_unknown_time_zone_is_refused_with_the_remedy(
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
