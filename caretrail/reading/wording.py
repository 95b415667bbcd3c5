"""Write an entry of the timeline as one sentence. The pages and the command line use it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, assert_never

from domain.ids import RecordId
from domain.statement import EncounterClass, Place, Statement
from domain.triggers import Trigger, trigger_of

#: Class of an encounter -> its words; empty: not stated.
CLASSES: Final[Mapping[EncounterClass, str]] = {
    "EMER": "emergency",
    "IMP": "inpatient",
    "OBSENC": "observation",
    "AMB": "outpatient",
    "NONAC": "inpatient, non-acute",
    "SS": "short stay",
    "HH": "home health",
    "VR": "virtual",
    "PRENC": "pre-admission",
    "unknown": "",
}

#: FHIR discharge disposition -> its words.
WHERE_TO: Final[Mapping[str, str]] = {
    "home": "home",
    "other-hcf": "to another facility",
    "snf": "to skilled nursing",
    "rehab": "to rehabilitation",
    "long": "to long-term care",
    "psy": "to psychiatric care",
    "hosp": "to hospice",
    "aadvice": "against advice",
    "exp": "deceased",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryWords:
    """One entry in words: ``head`` says what happened, ``rest`` where and how."""

    kind: str
    head: str
    rest: str
    #: An instant that the entry states, such as the end of a claim, with the word before it. It is
    #: no part of ``rest``, because a page shows it in its own zone.
    stated: tuple[str, datetime] | None = None

    @property
    def summary(self) -> str:
        """Return head, rest and the stated instant as one sentence."""
        instant = ""
        if self.stated:
            word, at = self.stated
            instant = f"{word} {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        rest = ", ".join(filter(None, (self.rest, instant)))
        return f"{self.head} {rest}." if rest else f"{self.head}."


def entry_words(
    statement: Statement,
    *,
    label: Callable[[Place | None], str],
    number: Callable[[RecordId], str],
) -> EntryWords:
    """Return the words of the entry of ``statement``.

    Args:
        statement: The statement.
        label: Returns the text of a place, or an empty string.
        number: Returns the text of a patient number, or an empty string.
    """
    row = trigger_of(statement.trigger)
    head, rest = row.head, ""
    place = label(statement.place)
    match row.kind:
        case "beginning" | "plan":
            head, rest = _begun(statement, row, place)
        case "move":
            rest = _moved(statement, row, label(statement.prior_place), place)
        case "end":
            where = WHERE_TO.get(statement.disposition_code, "")
            rest = _join(where, _with("from", place), by=", ")
        case "cancel":
            back = _with("back in", place) if row.location == "restored" else place
            rest = _join("by the sender", back, by=", ")
        case "update":
            rest = "the details of the visit"
        case "merge":
            rest = _merged(statement, number)
        case "person":
            pass
        case "other":
            head = f"{statement.trigger} received"
        case _:
            assert_never(row.kind)
    return EntryWords(kind=row.name, head=head, rest=rest)


def _begun(statement: Statement, row: Trigger, place: str) -> tuple[str, str]:
    in_class = CLASSES[statement.class_code]
    if row.admits:
        return row.head, _join(_with("as", in_class), _with("to", place))
    if row.is_registration and statement.class_code == "EMER":
        return "Arrived", _join("in the emergency department", place, by=", ")
    visit = "visit" if statement.class_code == "PRENC" else f"{in_class} visit".strip()
    return row.head, _join(visit, place, by=", ")


def _moved(statement: Statement, row: Trigger, before: str, place: str) -> str:
    if row.changes_class:
        return _join(_with("to", CLASSES[statement.class_code]), place, by=", ")
    return _join(_with("from", before), _with("to", place))


def _merged(statement: Statement, number: Callable[[RecordId], str]) -> str:
    retired = number(statement.merged) if statement.merged else ""
    return f"{retired or 'a record'} into {number(statement.record) or 'this one'}"


def _with(word: str, text: str) -> str:
    return f"{word} {text}" if text else ""


def _join(*parts: str, by: str = " ") -> str:
    return by.join(part for part in parts if part)
