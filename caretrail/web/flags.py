"""The meaning of the codes that intake and interpretation give: flags and reasons."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from domain.flags import FieldFlag, Flag, MessageFlag

_WORDS: Final[Mapping[str, str]] = {each: each.words for each in (*Flag, *MessageFlag)}
_OF_FIELD: Final[Mapping[str, str]] = {each: each.words for each in FieldFlag}

_FIELDS: Final[Mapping[str, str]] = {
    "EVN-1": "event type", "EVN-2": "time of entry", "EVN-6": "time of occurrence",
    "MRG-1": "retired number", "MSH-2": "encoding characters", "MSH-7": "time sent",
    "MSH-11": "processing mode", "MSH-18": "character set", "PID-3": "patient number",
    "PID-7": "birth date", "PID-8": "sex", "PID-29": "time of death", "PID-30": "deceased",
    "PV1-2": "class", "PV1-3": "place", "PV1-6": "prior place", "PV1-19": "visit number",
    "PV1-36": "discharge disposition", "PV1-44": "time of admission",
    "PV1-45": "time of discharge",
}  # fmt: skip
_OF_REASON: Final[Mapping[str, str]] = {
    "no_patient_identifier": "the message has no usable patient number",
    "patient_identifier_too_long": "the patient number or its authority is too long",
    "prior_identifier_too_long": "the number of the retired record or its authority is too long",
    "no_msh": "the message does not begin with a readable MSH segment",
    "not_recorded": "the message could not be stored",
    "trigger_without_row": "caretrail does not read this trigger",
    "no_adt": "the message is not an ADT message",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagMeaning:
    """A flag and its meaning, which is empty if the flag is unknown."""

    code: str
    words: str


def meaning_of(code: str) -> FlagMeaning:
    """Return the meaning of a flag.

    >>> meaning_of("PV1-45.unreadable").words
    'PV1-45, time of discharge, could not be read; its text is kept.'
    """
    words = _WORDS.get(code, "")
    name, _, what = code.partition(".")
    if not words and what in _OF_FIELD:
        field = f"{name}, {_FIELDS[name]}," if name in _FIELDS else name
        words = f"{field} {_OF_FIELD[what]}."
    return FlagMeaning(code=code, words=words)


def meanings_of(codes: Iterable[str]) -> tuple[FlagMeaning, ...]:
    """Return the meaning of each of these flags."""
    return tuple(meaning_of(code) for code in codes)


def reason(code: str) -> str:
    """Return why a message made no event, with the code of the reason in brackets."""
    words = _OF_REASON.get(code, "")
    return f"{words} ({code})" if words else code
