"""Numbers that mean "not known", or that prove no identity."""

from functools import lru_cache
from typing import Final

from consumers.hl7v2.profiles import Profile

#: Values that senders write if they know no number. They name no record and no visit.
_NOTHING: Final = frozenset({
    "-", "--", ".", "?", "N/A", "NA", "NIL", "NONE", "NOT KNOWN", "NOTKNOWN", "NULL", "TBA", "TBD",
    "UNK", "UNKNOWN", "X", "XX", "XXX", "XXXX", "XXXXX",
})  # fmt: skip
_NINES: Final = 6  # so many nines, or more, mean that no number is known; fewer may be a number
_REPEATED: Final = 3  # one character, repeated so often or more, is a placeholder
#: Typed to get past a required field. A patient may really have such a number, but it proves no
#: identity.
_TYPED: Final = frozenset({"0123456789", "123456789", "1234567890", "987654321"})
_WITHOUT_PUNCTUATION: Final = str.maketrans("", "", "-./ ")


def stands_for_nothing(value: str, profile: Profile) -> bool:
    """Say whether a value means that no number is known.

    >>> [stands_for_nothing(each, Profile()) for each in ("000-00-0000", "unknown", "1111", "7")]
    [True, True, False, False]
    """
    return _marks(value)[0] or value in profile.placeholders


def is_placeholder(value: str, profile: Profile) -> bool:
    """Say whether a number proves no identity, so that it must not join records.

    >>> [is_placeholder(each, Profile()) for each in ("000-00-0000", "1111", "123456789", "7")]
    [True, True, True, False]
    """
    return _marks(value)[1] or value in profile.placeholders


@lru_cache(maxsize=1_024)
def _marks(value: str) -> tuple[bool, bool]:
    """Return whether a value means that no number is known, and whether it is a placeholder.

    The profile of the sender may name further placeholders.
    """
    bare = value.translate(_WITHOUT_PUNCTUATION).upper()
    nothing = (
        not bare.strip("0")
        or (len(bare) >= _NINES and not bare.strip("9"))
        or value.strip().upper() in _NOTHING
    )
    repeated = len(bare) >= _REPEATED and not bare.strip(bare[0])
    return nothing, nothing or repeated or bare in _TYPED
