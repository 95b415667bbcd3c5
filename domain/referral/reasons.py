"""The category of the reason of a referral: what two referrals for the same have in common."""

import re
from typing import Final

from domain.ids import IdKey

#: A code of ICD-10: a letter, a digit, a letter or digit, and what makes it finer.
_ICD_10: Final = re.compile(r"([A-Z][0-9][0-9A-Z])(\.?[0-9A-Z]{1,4})?", re.IGNORECASE)
_DIGITS: Final = 32


def category_of(code: str) -> str:
    """Return the category of a reason code: three characters of ICD-10, or the need domain itself.

    >>> category_of("I50.9"), category_of("food-insecurity")
    ('I50', 'food-insecurity')
    """
    found = _ICD_10.fullmatch(code)
    return found[1].upper() if found else code.lower()


def category_ref(key: IdKey, code: str) -> str:
    """Return the keyed hash of the category of a reason code, which may be in clear."""
    return key.digest("reason category", category_of(code)).hex()[:_DIGITS]
