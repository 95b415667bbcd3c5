"""How a message is written: the delimiters it declares, and what is read with nothing else.

HL7 v2.9.1, chapter 2: 2.5.4 (delimiters), 2.7 (escapes).
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

#: An explicit null: the sender deletes the value. An empty field says nothing about it.
NULL: Final = '""'

_STANDARD: Final = "^~\\&"
#: What stands for a delimiter that the message does not have: a character of no text.
_ABSENT: Final = "\uffff"


class Delimiters(NamedTuple):
    r"""The delimiters of one message, as they hold. Escapes are resolved last.

    >>> usual = Delimiters()
    >>> [usual.parts(each) for each in usual.repetitions(r"9\T\8^^^MERCY~12^^^NHS")]
    [['9&8', '', '', 'MERCY'], ['12', '', '', 'NHS']]
    """

    separator: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    truncation: str = ""  # HL7 2.7 and later: ends a value that its sender cut
    codec: str = "utf-8"  # of characters written in hexadecimal

    @property
    def written(self) -> str:
        """The separator, and those of MSH-2 as they hold."""
        return "".join(self[:5])

    @property
    def unusual(self) -> bool:
        """Whether they are not those that everybody uses."""
        return self.written != "|" + _STANDARD

    def repetitions(self, field: str) -> list[str]:
        """Return the repetitions of a field as sent; none of an empty one."""
        return field.split(self.repetition) if field else []

    def components(self, repetition: str) -> list[str]:
        """Return the components as sent, to be split further."""
        return repetition.split(self.component)

    def parts(self, repetition: str) -> list[str]:
        """Return the components, escapes resolved, subcomponents still in them."""
        parts = repetition.split(self.component)
        if self.escape in repetition:
            return [self.plain(each) for each in parts]
        return parts

    def subcomponents(self, component: str) -> list[str]:
        """Return the subcomponents, escapes resolved."""
        return [self.plain(each) for each in component.split(self.subcomponent)]

    def code(self, field: str) -> str:
        """Return the first subcomponent of the first component that any repetition fills.

        Empty for an explicit null too: it is the caller who asks for that.
        """
        if not field or field.isalnum():
            return field  # neither letters nor digits delimit anything
        for repetition in field.split(self.repetition):
            value = repetition.split(self.component, 1)[0].split(self.subcomponent, 1)[0].strip()
            if value and value != NULL:
                return self.plain(value)
        return ""

    def plain(self, text: str) -> str:
        r"""Resolve escapes; unknown ones stay as they are.

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
            return meanings[found[1]]
        if found[2]:
            data = bytes.fromhex(found[2])
            try:
                return data.decode(self.codec)
            except UnicodeDecodeError:
                return data.decode("iso8859-1")
        return found[0]


@lru_cache(maxsize=64)
def delimiters_of(separator: str, declared: str, codec: str) -> tuple[Delimiters, bool]:
    """Return the delimiters that hold, and whether ``declared``, MSH-2, is as it should be."""
    usable = [
        each
        for index, each in enumerate(declared)
        if not each.isalnum() and each not in declared[:index]
    ]
    regular = len(usable) == len(declared) and len(declared) in {4, 5}
    for standard in _STANDARD[len(usable) : 4]:
        taken = standard in usable or standard == separator
        usable.append(_ABSENT if taken else standard)
    component, repetition, escape, subcomponent, *more = usable
    truncation = "".join(more[:1])
    return (
        Delimiters(separator, component, repetition, escape, subcomponent, truncation, codec),
        regular,
    )


@lru_cache(maxsize=64)
def _escapes(escape: str) -> re.Pattern[str]:
    """Match the escapes, each with both its ends.

    Those that stay verbatim are matched too, or the end of one would begin another.
    """
    end = re.escape(escape)
    return re.compile(
        rf"{end}(?:([FSRETP]|\.br)|X((?:[0-9A-Fa-f]{{2}})+)|[HN]|[CM][0-9A-Fa-f]+"
        rf"|\.[a-z]{{2}}[+-]?\d*|Z[^{end}]*){end}"
    )
