"""Limits for what one message may hold and make, so that no message stops the others.

A text that becomes a key, an index or a ref is limited, because a database cannot index a text of
any length. A text over its limit is flagged ``FIELD.too_long`` and sealed, as a text that cannot be
read.
"""

from dataclasses import dataclass
from typing import Final

from domain.ids import IdKey

#: Characters of a number or of its authority. HL7 allows fewer; a longer one is no number.
LONGEST_NUMBER: Final = 256
#: Characters of a code of a place, a facility, an application or a control id.
LONGEST_NAME: Final = 128
_KEPT: Final = 32  # characters of a name that is too long
#: Repetitions that are read of a field of numbers, names, addresses or phones.
MOST_REPETITIONS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLimits:
    """Limits for what one message makes; a message over one of them goes to quarantine."""

    statements: int = 100  # statements of one message, such as the pairs of a merge
    #: Bytes to be sealed for all statements of one message. Each statement of a merge has a copy of
    #: the segments that its pairs share, and JSON may be several times as long as the message.
    sealed: int = 8 << 20


def shortened(name: str, id_key: IdKey) -> str:
    """Return a name within its limit: of a longer one the beginning and a ref of the whole.

    Two long names stay different, and the same name always gives the same text.
    """
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[:_KEPT]}...{id_key.ref('name', name)}"
