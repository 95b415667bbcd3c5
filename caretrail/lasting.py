"""Import the modules that a process needs until it ends, without garbage collections meanwhile."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType


def import_lasting(name: str) -> ModuleType:
    """Import a module at the start of a process.

    An import makes many objects and almost no garbage. Later collections, and the one at the end of
    the process, skip these objects. Both together save a quarter of the CPU time of a short verb.

    The module must not import ``rich`` when it is imported itself.
    """
    if name in sys.modules:
        return sys.modules[name]
    collects = gc.isenabled()
    gc.disable()
    try:
        with _rich_hidden():
            return import_module(name)
    finally:
        gc.freeze()
        if collects:
            gc.enable()


@contextmanager
def _rich_hidden() -> Iterator[None]:
    """Import as if ``rich`` were not installed.

    structlog imports it to draw tracebacks on terminals, which takes longer than all the rest of
    structlog. Our logs are JSON.
    """
    if "rich" in sys.modules:
        yield
        return
    sys.modules["rich"] = None  # type: ignore[assignment]  # Python's mark of what is missing
    try:
        yield
    finally:
        del sys.modules["rich"]
