"""Texts over which a patient is found: name parts, their first three letters, the birth date."""

import unicodedata
from typing import Final

from domain.segments import Demographics

#: A name is found by this many of its first letters.
_BEGINNING: Final = 3


def searchable(demographics: Demographics) -> set[str]:
    """Return what tokens are made of: whole name parts, their beginnings, the birth date.

    >>> from domain.segments import Name
    >>> sorted(searchable(Demographics(names=(Name(family="O'Hara", given="Zoë"),))))
    ['begin:oha', 'begin:zoe', 'name:ohara', 'name:zoe']
    >>> searchable(Demographics(birth_date="1951-06-02"))
    {'born:1951-06-02'}
    """
    found: set[str] = set()
    for name in demographics.names:
        for text in (name.family, name.given, name.middle):
            for part in text.replace("-", " ").split():
                folded = normal_name(part)
                if folded:
                    found.add(f"name:{folded}")
                if len(folded) >= _BEGINNING:
                    found.add(f"begin:{folded[:_BEGINNING]}")
    if demographics.birth_date:
        found.add(f"born:{demographics.birth_date}")
    return found


def normal_name(part: str) -> str:
    """Return a name part as it is compared: letters and digits, small, without accents.

    >>> normal_name("Müller-Ångström")
    'mullerangstrom'
    """
    decomposed = unicodedata.normalize("NFKD", part.casefold())
    return "".join(letter for letter in decomposed if letter.isalnum())
