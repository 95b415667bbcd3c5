"""Draw synthetic people, and give out record, visit and account numbers."""

import random
from collections import defaultdict
from dataclasses import dataclass

from caretrail.generate import names
from caretrail.generate.hospital import Facility


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticPerson:
    """A person who does not exist; all names are from the lists in ``names``."""

    key: int
    family: str
    given: str
    middle: str
    sex: str  # PID-8
    birth_date: str  # YYYYMMDD
    town: int
    street: int
    house: int
    enterprise: str  # the number that facilities of the region share; empty if there is none
    payer: int
    allergy: int | None
    kin: str  # a given name of the list
    married: str = ""  # the family name from version 1 on

    @property
    def name(self) -> str:
        """The name as "Family, Given M"."""
        middle = f" {self.middle}" if self.middle else ""
        return f"{self.family}, {self.given}{middle}"


class Numbers:
    """Gives out numbers: none twice, and none that another facility could give out.

    Args:
        after: The numbers of each kind begin after this one.
    """

    def __init__(self, after: int) -> None:
        self._last: dict[tuple[str, str], int] = defaultdict(lambda: after)

    def _next(self, kind: str, code: str, rng: random.Random) -> int:
        self._last[kind, code] += rng.randint(1, 3)
        return self._last[kind, code]

    def record(self, facility: Facility, rng: random.Random) -> str:
        """Return a new record number."""
        return facility.record_format.format(10000 + self._next("record", facility.code, rng))

    def visit(self, facility: Facility, rng: random.Random) -> str:
        """Return a new visit number."""
        return facility.visit_format.format(400000 + self._next("visit", facility.code, rng))

    def account(self, facility: Facility, rng: random.Random) -> str:
        """Return a new account number."""
        return f"AC{facility.code}{700000 + self._next('account', facility.code, rng)}"

    def person(self) -> int:
        """Return the key of a new person."""
        self._last["person", ""] += 1
        return self._last["person", ""]


def enterprise_number(key: int) -> str:
    """Return the enterprise number of a person: nine digits, different for each key."""
    return str(900_000_000 + key * 7_654_321 % 99_999_989)


def person(rng: random.Random, key: int, *, shared: bool = True) -> SyntheticPerson:
    """Draw a person; if ``shared``, the person has an enterprise number."""
    woman = rng.random() < 0.52  # noqa: PLR2004
    year = 2026 - min(98, max(1, round(rng.gauss(58, 22))))
    married = rng.choice(names.FAMILIES) if woman and rng.random() < 0.3 else ""  # noqa: PLR2004
    return SyntheticPerson(
        key=key,
        family=rng.choice(names.FAMILIES),
        given=rng.choice(names.WOMEN if woman else names.MEN),
        middle=rng.choice(names.MIDDLES),
        sex="F" if woman else "M",
        birth_date=f"{year:04d}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}",
        town=rng.randrange(len(names.TOWNS)),
        street=rng.randrange(len(names.STREETS)),
        house=rng.randint(1, 240),
        enterprise=enterprise_number(key) if shared else "",
        payer=rng.randrange(len(names.PAYERS)),
        allergy=rng.choice((None, None, *range(len(names.ALLERGIES)))),
        kin=rng.choice(names.WOMEN + names.MEN),
        married=married,
    )
