"""Tell a code from a text that a sender wrote into a field for codes, such as a person's name.

A code is kept in clear. A text is sealed, and the core holds a ref in its place, so that equal
texts stay equal. The profile may name fields in which a sender writes words that name no person.
"""

import re
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from domain.ids import IdKey

#: Fields for codes. ``PV1-3`` counts for every place, and ``CX-4`` for every authority.
CodedField: TypeAlias = Literal[
    "PV1-2", "PV1-3", "PV1-4", "PV1-10", "PV1-14", "PV1-36", "CX-4", "MSH-10"
]

#: Characters of the longest code of a table: CWE.1 in HL7 v2.7 and later.
LONGEST_CODE: Final = 20
#: Characters of the longest code of a unit, room, bed or facility; HL7 v2.8 allows 20 for each.
LONGEST_PLACE: Final = 40
#: Characters of the longest authority or control id. An OID or a UUID with a prefix is shorter.
LONGEST_ID: Final = 80

#: The beginning of what the core holds in place of a text that is no code.
REF: Final = "ref:"

#: What is in texts and in names of persons, and not in codes: blanks and control characters, marks
#: of sentences, quotation marks and apostrophes, separators and brackets.
_NO_CODE: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f,;!?'\"`\u00b4\u2018-\u201d^~|\\<>\[\]{}]")
_MOST_WORDS: Final = 3
#: The name of a place or of a number often has one of these words. The name of a person has none.
_WORDS_OF_PLACES: Final = frozenset({
    "area", "bay", "bed", "block", "center", "centre", "clinic", "department", "dept", "district",
    "ed", "emergency", "er", "floor", "health", "hospital", "icu", "infirmary", "level", "mrn",
    "number", "outpatient", "outpatients", "radiology", "room", "surgery", "theatre", "unit",
    "ward", "wing",
})  # fmt: skip


def is_code(text: str, longest: int = LONGEST_CODE) -> bool:
    """Say whether a text can be a code: not long, no blanks, no characters of sentences.

    >>> [is_code(each) for each in ("I", "01", "GEN_MED", "ALDER, ROWENA", "Mrs Alder", "O'Hara")]
    [True, True, True, False, False, False]
    """
    return len(text) <= longest and _is_code(text)


def is_place(text: str, longest: int = LONGEST_PLACE) -> bool:
    """Say whether a text can be the code of a place or of an authority.

    Two or three words can be one if a word is a word of places, or if the first is a number.

    >>> [is_place(each) for each in ("4W", "Bed 41", "4 West", "Rowan Ward", "ALDER ROWENA")]
    [True, True, True, True, False]
    """
    return len(text) <= longest and (_is_code(text) or _names_a_place(text))


# Only texts that are not long reach these caches, so that they stay small.
@lru_cache(maxsize=4_096)
def _is_code(text: str) -> bool:
    return _NO_CODE.search(text) is None


@lru_cache(maxsize=4_096)
def _names_a_place(text: str) -> bool:
    words = text.split(" ")
    return (
        len(words) <= _MOST_WORDS
        and all(word and _is_code(word) for word in words)
        and (words[0].isdecimal() or not _WORDS_OF_PLACES.isdisjoint(text.lower().split(" ")))
    )


def ref_of(text: str, id_key: IdKey) -> str:
    """Return what the core holds in place of a text that is no code."""
    return f"{REF}{id_key.ref('name', text)}"
