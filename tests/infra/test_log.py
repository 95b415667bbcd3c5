"""Logs never hold content of messages, no matter what a call passes."""

import json
import logging
from collections.abc import Iterator
from threading import Thread

import pytest
import structlog

from infra import log


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def logged(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    found: dict[str, object] = json.loads(capsys.readouterr().err)
    return found


def test_a_key_that_is_not_known_is_dropped_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("mllp")
    structlog.get_logger().info("message.parked", patient="ALDER^ROWENA", reason="no_msh")
    line = logged(capsys)
    assert (line["reason"], line["dropped"]) == ("no_msh", ["patient"])
    assert "ALDER" not in json.dumps(line)


def test_an_exception_is_logged_with_its_type_and_place_and_without_its_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log.configure("mllp")
    try:
        raise ValueError("ALDER^ROWENA is no date")  # noqa: TRY301 - what a driver might do
    except ValueError:
        structlog.get_logger().exception("batch.failed")
    line = logged(capsys)
    assert line["error"] == "ValueError"
    assert "test_log.py" in str(line["where"])
    assert "ALDER" not in json.dumps(line)


def test_an_exception_is_logged_with_the_type_of_its_cause(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log.configure("mllp")
    error = RuntimeError()
    error.__cause__ = ValueError("ALDER^ROWENA")
    structlog.get_logger().error("batch.not_recorded", exc_info=error)
    assert logged(capsys)["error"] == "RuntimeError < ValueError"


def test_every_line_has_the_role_the_level_and_the_time(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("relay")
    structlog.get_logger().warning("topic.unavailable")
    line = logged(capsys)
    assert (line["role"], line["level"], line["event"]) == ("relay", "warning", "topic.unavailable")
    assert str(line["timestamp"]).endswith("Z")


def test_a_line_of_another_thread_has_the_role_too(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("mllp")
    thread = Thread(target=lambda: structlog.get_logger().warning("store.lost"))
    thread.start()
    thread.join()
    assert json.loads(capsys.readouterr().err)["role"] == "mllp"


def test_a_line_of_a_library_is_logged_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("http")
    try:
        raise ValueError("ALDER^ROWENA")  # noqa: TRY301 - as above
    except ValueError:
        logging.error("page for %s failed", "ROWENA", exc_info=True)  # noqa: G201, LOG015
    text = capsys.readouterr().err
    line = json.loads(text)
    assert "ROWENA" not in text
    assert (line["event"], line["level"], line["error"]) == (
        "library.logged",
        "error",
        "ValueError",
    )
    assert "test_log.py" in line["where"]
