"""Health and metrics of a role, as a probe and Prometheus ask for them."""

import json
from http.client import HTTPConnection

import pytest

from infra import health


def get(port: int, path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_a_role_is_ready_exactly_while_it_has_no_problems() -> None:
    problems = dict[str, str]()
    with health.serving(0, lambda: problems) as port:
        assert get(port, "/readyz") == (200, '{"status": "ready", "problems": {}}\n')
        problems["store"] = "does not answer"
        status, text = get(port, "/readyz")
        assert (status, json.loads(text)["problems"]) == (503, {"store": "does not answer"})
        assert get(port, "/healthz")[0] == 200
        problems.clear()
        assert get(port, "/readyz")[0] == 200


def test_metrics_are_served_and_other_paths_are_not_found() -> None:
    with health.serving(0, dict) as port:
        status, text = get(port, "/metrics")
        assert status == 200
        assert "# TYPE caretrail_relay_position gauge" in text
        assert get(port, "/other")[0] == 404


def test_a_taken_port_is_an_error_and_a_free_port_is_given_back() -> None:
    with health.serving(0, dict) as port, pytest.raises(OSError, match="in use"):
        health.serving(port, dict).__enter__()
    with health.serving(port, dict) as same:
        assert same == port
