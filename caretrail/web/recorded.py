"""Confirm on a page what was just recorded, and lead to its undoing."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from caretrail.reading.activities import ActivityEntry
from commands.catalogue import BY_VERB

#: An address of the pages: nothing of another site, and no text of a person.
_OWN_ADDRESS: Final = re.compile(r"/ui/[A-Za-z0-9/?&=%+._~:-]{0,1000}")
_VOID: Final = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What was recorded."""

    text: str
    index: int
    href: str = ""  # of the page of the event; empty: it cannot be shown yet
    undo: str = ""  # address of the form that marks it as entered in error; empty: it cannot be


def confirmation(
    entry: ActivityEntry | None, index: int | None, *, complete: int, text: str = "", back: str = ""
) -> Confirmation | None:
    """Return what a page says about the event that a form has just recorded.

    Args:
        entry: The event; None: the page does not know it.
        index: The index that the address of the page states; None: none.
        complete: The index up to which the page is complete.
        text: What was recorded; empty: the words of the entry.
        back: Where undoing leads back to.
    """
    if entry is not None:
        return Confirmation(
            text=text or entry.words.head,
            index=entry.index,
            href=f"/ui/events/{entry.event_id}",
            undo=void_address(entry, back=back),
        )
    if index is None or index <= complete:  # not an event of this page
        return None
    return Confirmation(text="It is not on this page yet: load the page again", index=index)


def void_address(entry: ActivityEntry, *, back: str = "") -> str:
    """Return the address of the form that marks an entry as entered in error.

    Empty: it is marked already, or it is such a mark itself.
    """
    can_be = (entry.stream, _VOID) in BY_VERB and entry.words.kind != "entered_in_error"
    if not can_be or entry.voided_by is not None:
        return ""
    query = urlencode({"event_id": entry.event_id, **({"back": back} if back else {})})
    return f"/ui/streams/{entry.stream_id}/record/{entry.stream}/{_VOID}?{query}"


def own_address(text: str) -> str:
    """Return an address to go back to if it is one of the pages; else an empty text."""
    return text if _OWN_ADDRESS.fullmatch(text) else ""


def with_recorded(address: str, index: int) -> str:
    """Return the address of a page that confirms an event; 0: nothing new was recorded."""
    if not index:
        return address
    return f"{address}{'&' if '?' in address else '?'}recorded={index}"
