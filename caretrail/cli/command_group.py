"""The shape of a group of verbs that give commands on own streams."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from caretrail.cli.verbs import Verbs


@dataclass(frozen=True, slots=True)
class CommandGroup:
    """A word of the command line, and the kind of stream whose commands are its verbs.

    ``reads`` adds the verbs that only read.
    """

    word: str
    kind: str
    words: str
    noun: str  # what the id in a command names, such as "referral"
    reads: Callable[["Verbs[argparse.ArgumentParser]"], None]
