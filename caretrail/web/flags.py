"""What is marked, in words: every code that intake or interpretation gives, and keeps."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from domain.flags import FieldFlag, Flag, MessageFlag

_WORDS: Final[Mapping[str, str]] = {each: each.words for each in (*Flag, *MessageFlag)}
_OF_FIELD: Final[Mapping[str, str]] = {each: each.words for each in FieldFlag}

_FIELDS: Final[Mapping[str, str]] = {
    "EVN-1": "event type", "EVN-2": "time entered", "EVN-6": "time of the event",
    "MRG-1": "retired number", "MSH-2": "encoding characters", "MSH-7": "time sent",
    "MSH-11": "processing mode", "MSH-18": "character set", "PID-3": "patient number",
    "PID-7": "birth date", "PID-8": "sex", "PID-29": "time of death", "PID-30": "deceased",
    "PV1-2": "class", "PV1-3": "place", "PV1-6": "place before", "PV1-19": "visit number",
    "PV1-36": "discharge disposition", "PV1-44": "admitted at", "PV1-45": "discharged at",
}  # fmt: skip
_OF_REASON: Final[Mapping[str, str]] = {
    "no_patient_identifier": "no identifier of a patient that can be used",
    "no_msh": "it does not begin with a readable MSH",
    "not_recorded": "it could not be stored",
    "trigger_without_row": "a trigger that states nothing here",
    "no_adt": "no ADT message",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A code and what it means; the meaning is empty where the code is not known."""

    code: str
    said: str


def in_words(code: str) -> Marked:
    """Return what a flag means.

    >>> in_words("PV1-45.unreadable").said
    'PV1-45, discharged at, could not be read; its text is kept.'
    """
    words = _WORDS.get(code, "")
    name, _, what = code.partition(".")
    if not words and what in _OF_FIELD:
        field = f"{name}, {_FIELDS[name]}," if name in _FIELDS else name
        words = f"{field} {_OF_FIELD[what]}."
    return Marked(code=code, said=words)


def marks(codes: Iterable[str]) -> tuple[Marked, ...]:
    """Return what these flags mean."""
    return tuple(in_words(code) for code in codes)


def reason(code: str) -> str:
    """Return why a message was put aside, with its code: ``no ADT message (no_adt)``."""
    said = _OF_REASON.get(code, "")
    return f"{said} ({code})" if said else code
