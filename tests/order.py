"""Workers begin with the tests that may take longest, so that none of these is the tail of a run.

A pytest plugin. A test that may take long has a ``timeout`` of its own.
"""

from pathlib import Path

import pytest


@pytest.hookimpl(trylast=True)  # after -m and -k: only tests that run count
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not hasattr(config, "workerinput"):
        return  # one process: the quick ones first, as they are collected
    seconds: dict[Path, float] = {}
    for item in items:
        if (marker := item.get_closest_marker("timeout")) is not None:
            seconds[item.path] = max(seconds.get(item.path, 0), *marker.args)
    items.sort(key=lambda item: seconds.get(item.path, 0), reverse=True)  # files stay whole
