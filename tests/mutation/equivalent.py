"""The mutants that change no result, as ``equivalent.toml`` lists them, each with its reason.

A mutant is named by its module, its function and its text, so that an entry stays right when lines
move. ``make mutants`` does not try these mutants.
"""

import tomllib
from pathlib import Path
from typing import Final, NamedTuple

from tests.mutation.mutants import Mutant

FILE: Final = Path(__file__).with_name("equivalent.toml")


class MutantName(NamedTuple):
    """What names a mutant in ``equivalent.toml``."""

    module: str  # its path below the root of the repository
    function: str
    was: str
    now: str


def name_of(module: str, mutant: Mutant) -> MutantName:
    """Return the name of a mutant of a module."""
    return MutantName(module, mutant.function, mutant.was, mutant.now)


def equivalent_mutants() -> dict[MutantName, str]:
    """Return the reason why each listed mutant changes no result.

    In the file, a table stands for a module and a function. Its keys are ``was  ->  now``, as
    ``make mutants`` prints a mutant.
    """
    listed = tomllib.loads(FILE.read_text("utf-8"))
    return {
        MutantName(module, function, *change.split("  ->  ")): reason
        for module, functions in listed.items()
        for function, changes in functions.items()
        for change, reason in changes.items()
    }
