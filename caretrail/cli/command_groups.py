"""The groups of verbs that give commands on own streams.

The verbs of a group are made from its commands. The commands are imported only if the group is
used, so that ``--help`` stays fast.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class CommandGroup:
    """A word of the command line, and the kind of stream whose commands are its verbs."""

    word: str
    kind: str
    words: str
    noun: str  # what the id in a command names, such as "referral"


GROUPS: Final = (
    CommandGroup(
        "referral", "referral", "request, answer, close, show and list referrals", "referral"
    ),
)
