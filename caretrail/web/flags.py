"""What is marked, in words: every code that intake or interpretation gives, and keeps."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

_OF_MEANING: Final[Mapping[str, str]] = {
    "resend": "says what was said before",
    "no_effect": "takes back nothing that stands",
    "waits": "what it takes back was not heard of",
    "after_end": "lies after the end of its visit, and moves nobody",
    "before_beginning": "lies before the beginning of its visit, and counts from there",
    "sent_time_unusable": "when it was sent cannot be right, so its order is that of its recording",
    "closed_by_rule": "nobody stated its end: a later visit closes it",
    "part_ended": "a discharge ended one part of the visit, which went on elsewhere",
    "number_incomplete": "some of its messages carry no visit number",
    "renumbered": "its visit number was changed by its sender",
    "record_retired": "sent under a number that had been merged into another",
    "merge_into_itself": "merges a record into itself, which changes nothing",
    "merge_of_placeholder": "merges a number that stands for nobody",
    "identifier_shared": "a number is held by another patient too, so it joins nobody",
    "charset_suspect": "its characters were not what it declares",
    "nul_dropped": "zero bytes were left out",
    "line.joined": "a line was broken inside a field, and was put together",
    "line.unknown": "a line is no segment",
    "profile.none": "its sender has no profile: defaults were used",
}
_OF_FIELD: Final[Mapping[str, str]] = {
    "unreadable": "could not be read; its text is kept",
    "absurd": "lies outside what can be",
    "future": "lies after the message was sent",
    "ambiguous": "names a local time that happened twice: the first was taken",
    "skipped": "names a local time that the clocks left out",
    "null": "was deleted by the sender",
    "truncated": "was cut by its sender",
    "repeated": "was repeated: the first was read",
    "placeholder": "holds no number, only what stands for one",
    "differs": "is not what MSH-9 says",
    "unknown": "holds no known code",
    "itself": "names the record itself",
    "unusual": "is unusual",
}
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
    'PV1-45, discharged at, could not be read; its text is kept'
    """
    said = _OF_MEANING.get(code, "")
    name, dot, what = code.partition(".")
    if not said and dot and what in _OF_FIELD:
        said = ", ".join(filter(None, (name, _FIELDS.get(name, "")))) + (
            f", {_OF_FIELD[what]}" if name in _FIELDS else f" {_OF_FIELD[what]}"
        )
    return Marked(code=code, said=said)


def marks(codes: Iterable[str]) -> tuple[Marked, ...]:
    """Return what these flags mean."""
    return tuple(in_words(code) for code in codes)


def reason(code: str) -> str:
    """Return why a message was put aside, with its code: ``no ADT message (no_adt)``."""
    said = _OF_REASON.get(code, "")
    return f"{said} ({code})" if said else code
