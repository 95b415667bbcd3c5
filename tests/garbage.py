"""Collect tests without garbage collections, and let later ones skip what was collected.

A pytest plugin. Thousands of tests, and the modules that they import, live as long as the run.
"""

import gc
from collections.abc import Iterator

import pytest


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Iterator[None]:
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
