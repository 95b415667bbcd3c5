"""Settings are read from the environment, and errors name the variable."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra import clock
from infra.settings import BadSettings, load


def test_the_error_for_a_wrong_value_names_the_variable_and_not_the_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CARETRAIL_MLLP_PORT", "secret-port")
    with pytest.raises(BadSettings, match="CARETRAIL_MLLP_PORT") as caught:
        load()
    assert "secret-port" not in str(caught.value)


def test_the_home_may_state_the_present_and_a_variable_counts_before_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CARETRAIL_HOME", str(tmp_path))
    monkeypatch.delenv("CARETRAIL_NOW", raising=False)
    before = clock.now()
    assert load().now is None
    assert before <= load().present() <= clock.now()
    (tmp_path / "now").write_text("2026-03-10T16:00-05:00\n")
    assert load().present() == datetime(2026, 3, 10, 21, tzinfo=UTC)
    monkeypatch.setenv("CARETRAIL_NOW", "2026-03-11T00:00:00Z")
    assert load().present() == datetime(2026, 3, 11, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-03-10T16:00", "\udcff"])
def test_a_home_with_an_unusable_present_is_refused_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    monkeypatch.setenv("CARETRAIL_HOME", str(tmp_path))
    monkeypatch.delenv("CARETRAIL_NOW", raising=False)
    (tmp_path / "now").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(BadSettings, match="write an instant such as"):
        load()


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
