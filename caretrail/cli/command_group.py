"""The shape of a group of verbs that give commands on own streams."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from caretrail.cli.verbs import Verbs


def _no_reads(_verbs: "Verbs[argparse.ArgumentParser]") -> None:
    pass


@dataclass(frozen=True, slots=True)
class CommandGroup:
    """A word of the command line, and the kind of stream whose commands are its verbs.

    ``reads`` adds the verbs that only read, beside ``show`` and ``ls``, which each kind has. If
    ``show`` takes no stream but a patient or an encounter, ``own_show`` is true, and ``reads`` adds
    it too.
    """

    word: str
    kind: str
    words: str
    noun: str  # what the id in a command names, such as "referral"
    reads: Callable[["Verbs[argparse.ArgumentParser]"], None] = _no_reads
    own_show: bool = False
    list_verb: str = "ls"  # lists the streams of the kind

    @property
    def metavar(self) -> str:
        """The word for the id of such a thing in the usage line."""
        return self.noun.upper().replace(" ", "_")
