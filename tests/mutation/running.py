"""Run the cases against one mutant, in a process of its own.

The mutant exists in the memory of that process only. The process ends with status 0 if every case
passed, so that the mutant survived, and with any other status if a case noticed it.
"""

import ast
import importlib
import os
import resource
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType

import pytest
from typing_extensions import override

SURVIVED = 0
NOTICED = 1

#: A mutant that computes this many times longer than the unchanged code counts as noticed.
_PATIENCE = 5
_MEMORY = 4 << 30  # bytes


class _MutatedModule(MetaPathFinder, Loader):
    """Finds one module, and gives it the code of the mutant."""

    def __init__(self, name: str, code: CodeType) -> None:
        self._name = name
        self._code = code

    @override
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname == self._name else None

    @override
    def exec_module(self, module: ModuleType) -> None:
        exec(self._code, module.__dict__)  # noqa: S102  # our own module, with one change


def load_cases() -> None:
    """Build the statements of all cases once, for the processes that ``start`` makes."""
    importlib.import_module("tests.domain.interpretation.cases")


def start(module: str, tree: ast.Module | None, seconds: float = 60) -> int:
    """Start a process that runs the cases against a mutant; return its process id.

    Args:
        module: The import name of the mutated module.
        tree: The mutated module; None runs the unchanged code.
        seconds: What the unchanged code needs.
    """
    child = os.fork()
    if child:
        return child
    status = NOTICED
    try:
        limit = int(seconds * _PATIENCE) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        if tree is not None:
            sys.meta_path.insert(0, _MutatedModule(module, compile(tree, module, "exec")))
            _forget_all_that_imports(module)
        _run_every_case()
        status = SURVIVED
    finally:
        os._exit(status)


def _forget_all_that_imports(module: str) -> None:
    """Import everything again if the mutated module was imported before."""
    if module in sys.modules:
        for name in [each for each in sys.modules if each.startswith(("domain", "tests.domain"))]:
            del sys.modules[name]


def _run_every_case() -> None:
    """Run the fast tests. Without pytest: it takes longer to collect them than they take."""
    tests = importlib.import_module("tests.domain.interpretation.test_cases")
    for case in tests.CASES:
        tests.test_a_case_gives_what_it_says(case)
    for case in tests.CASES:
        tests.test_order_and_repetition_do_not_matter(case)
    for case in tests.RESENT:
        tests.test_a_resend_changes_nothing(case)
    entries = importlib.import_module("tests.domain.interpretation.test_entries")
    for name in [each for each in vars(entries) if each.startswith("test_")]:
        getattr(entries, name)()
    growing = importlib.import_module("tests.domain.interpretation.test_growing_visits")
    with pytest.MonkeyPatch.context() as patch:
        growing.test_a_visit_that_keeps_its_answers_gives_the_same(patch, count=500)
