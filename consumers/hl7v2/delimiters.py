"""Split fields by the delimiters that a message declares, and resolve its escapes.

HL7 v2.9.1, chapter 2: 2.5.4 (delimiters), 2.7 (escapes).
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

#: An explicit null: the sender deletes the value. An empty field, in contrast, states no value.
NULL: Final = '""'

_STANDARD: Final = "^~\\&"
#: Used for a delimiter that the message does not have: a character that occurs in no text.
ABSENT: Final = "\uffff"
#: What the escape of a delimiter means that the message does not have: the usual character.
_USUAL: Final = {"S": "^", "R": "~", "T": "&"}


class Delimiters(NamedTuple):
    r"""The delimiters of one message. A text is split first, and its escapes are resolved last.

    >>> usual = Delimiters()
    >>> [usual.parts(each) for each in usual.repetitions(r"9\T\8^^^MERCY~12^^^NHS")]
    [['9&8', '', '', 'MERCY'], ['12', '', '', 'NHS']]
    """

    separator: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    truncation: str = ""  # HL7 2.7 and later: at the end of a value that the sender has cut
    codec: str = "utf-8"  # of characters that are written in hexadecimal

    @property
    def written(self) -> str:
        """The field separator and the four delimiters of MSH-2."""
        return "".join(self[:5])

    @property
    def unusual(self) -> bool:
        r"""Whether they differ from the usual ``|^~\&``."""
        return self.written != "|" + _STANDARD

    def repetitions(self, field: str) -> list[str]:
        """Return the repetitions of a field as sent; an empty field has none."""
        return field.split(self.repetition) if field else []

    def components(self, repetition: str) -> list[str]:
        """Return the components as sent; they may be split further."""
        return repetition.split(self.component)

    def parts(self, repetition: str) -> list[str]:
        """Return the components with their escapes resolved, but not split into subcomponents."""
        parts = repetition.split(self.component)
        if self.escape in repetition:
            return [self.plain(each) for each in parts]
        return parts

    def subcomponents(self, component: str) -> list[str]:
        """Return the subcomponents with their escapes resolved."""
        return [self.plain(each) for each in component.split(self.subcomponent)]

    def code(self, field: str) -> str:
        """Return the code of a field: first component, first subcomponent of a filled repetition.

        It is empty if the field is empty or an explicit null; the caller checks for a null.
        """
        if not field or field.isalnum():
            return field  # letters and digits are never delimiters
        for repetition in field.split(self.repetition):
            value = repetition.split(self.component, 1)[0].split(self.subcomponent, 1)[0].strip()
            if value and value != NULL:
                return self.plain(value)
        return ""

    def plain(self, text: str) -> str:
        r"""Resolve the escapes of a text; unknown escapes stay as they are.

        >>> Delimiters().plain(r"a\F\b\.br\c\X4142\\H\d\Q\e")
        'a|b\ncAB\\H\\d\\Q\\e'
        """
        if self.escape not in text:
            return text
        return _escapes(self.escape).sub(self._resolved, text).replace("\x00", "")

    def _resolved(self, found: re.Match[str]) -> str:
        if found[1]:
            meanings = {
                "F": self.separator, "S": self.component, "R": self.repetition, "E": self.escape,
                "T": self.subcomponent, "P": self.truncation or "#", ".br": "\n",
            }  # fmt: skip
            meaning = meanings[found[1]]
            return _USUAL[found[1]] if meaning == ABSENT else meaning
        if found[2]:
            data = bytes.fromhex(found[2])
            try:
                return data.decode(self.codec)
            except UnicodeDecodeError:
                return data.decode("iso8859-1")
        return found[0]


@lru_cache(maxsize=64)
def delimiters_of(separator: str, declared: str, codec: str) -> tuple[Delimiters, bool]:
    """Return the delimiters of a message, and whether its MSH-2 is regular.

    A character that MSH-2 does not declare is text. So is a delimiter that it declares twice, or as
    a letter or digit. If MSH-2 is empty, the usual delimiters are meant.

    Args:
        separator: The character after ``MSH``.
        declared: MSH-2.
        codec: The codec of the message, for characters in hexadecimal.
    """
    if not declared:
        return Delimiters(separator=separator, codec=codec), False
    usable = [
        each if each not in declared[:index] and not each.isalnum() else ABSENT
        for index, each in enumerate(declared)
    ]
    regular = ABSENT not in usable and len(declared) in {4, 5}
    component, repetition, escape, subcomponent, *more = (*usable, ABSENT, ABSENT, ABSENT)[
        : max(4, len(usable))
    ]
    truncation = "".join(more[:1])
    return (
        Delimiters(separator, component, repetition, escape, subcomponent, truncation, codec),
        regular,
    )


@lru_cache(maxsize=64)
def _escapes(escape: str) -> re.Pattern[str]:
    """Return a pattern that matches every escape from its start to its end.

    It also matches escapes that are not resolved. Otherwise the end of such an escape would be
    taken for the start of the next one.
    """
    end = re.escape(escape)
    return re.compile(
        rf"{end}(?:([FSRETP]|\.br)|X((?:[0-9A-Fa-f]{{2}})+)|[HN]|[CM][0-9A-Fa-f]+"
        rf"|\.[a-z]{{2}}[+-]?\d*|Z[^{end}]*){end}"
    )
