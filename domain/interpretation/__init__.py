"""From statements to encounters: a pure function of the set of statements.

The rules are in docs/reference/interpretation.md; each module names its section there.
"""

from domain.interpretation.as_of import interpret_as_of, stated_by
from domain.interpretation.interpret import interpret
from domain.interpretation.known_visits import KnownVisits
from domain.interpretation.stated_team import (
    ROLE_WORDS,
    StatedMember,
    stated_team,
    stated_team_at,
)
from domain.interpretation.status import in_census
from domain.interpretation.times import INFERRED, happened
from domain.interpretation.whose import trusted_numbers

__all__ = [
    "INFERRED",
    "ROLE_WORDS",
    "KnownVisits",
    "StatedMember",
    "happened",
    "in_census",
    "interpret",
    "interpret_as_of",
    "stated_by",
    "stated_team",
    "stated_team_at",
    "trusted_numbers",
]
