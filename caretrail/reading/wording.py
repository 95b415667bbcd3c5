"""What an entry of the timeline says, in one sentence: the same words everywhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from domain.ids import RecordId
from domain.statement import EncounterClass, Place, Statement

#: trigger -> kind in JSON, first words on a page.
_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "A01": ("admitted", "Admitted"),
    "A02": ("transferred", "Transferred"),
    "A03": ("discharged", "Discharged"),
    "A04": ("registered", "Registered"),
    "A05": ("pre_admitted", "Planned"),
    "A06": ("class_changed", "Class changed"),
    "A07": ("class_changed", "Class changed"),
    "A08": ("updated", "Updated"),
    "A11": ("admitted_cancelled", "Admission cancelled"),
    "A12": ("transferred_cancelled", "Transfer cancelled"),
    "A13": ("discharged_cancelled", "Discharge cancelled"),
    "A28": ("registered_person", "Person registered"),
    "A31": ("demographics_updated", "Person updated"),
    "A34": ("identifiers_merged", "Identifiers merged"),
    "A40": ("identifiers_merged", "Identifiers merged"),
}

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

#: FHIR discharge disposition -> where to.
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
class Said:
    """One entry in words: ``head`` says what, ``rest`` the particulars."""

    kind: str
    head: str
    rest: str

    @property
    def summary(self) -> str:
        """Both as one sentence."""
        return f"{self.head} {self.rest}." if self.rest else f"{self.head}."


def say(
    statement: Statement,
    *,
    label: Callable[[Place | None], str],
    number: Callable[[RecordId], str],
) -> Said:
    """Say what ``statement`` states; places and numbers as the caller may show them."""
    kind, head = _KINDS.get(statement.trigger, ("other", f"{statement.trigger} received"))
    place = label(statement.place)
    in_class = CLASSES[statement.class_code]
    match statement.trigger:
        case "A01":
            rest = _join(f"as {in_class}" if in_class else "", f"to {place}" if place else "")
        case "A04" if statement.class_code == "EMER":
            head, rest = "Arrived", _join("in the emergency department", place, by=", ")
        case "A04" | "A05":
            told = "" if statement.class_code == "PRENC" else in_class
            rest = _join(f"{told} visit".strip(), place, by=", ")
        case "A02":
            before = label(statement.prior_place)
            rest = _join(f"from {before}" if before else "", f"to {place}" if place else "")
        case "A03":
            where = WHERE_TO.get(statement.disposition_code, "")
            rest = _join(where, f"from {place}" if place else "", by=", ")
        case "A06" | "A07":
            rest = _join(f"to {in_class}" if in_class else "", place, by=", ")
        case "A11":
            rest = _join("by the sender", place, by=", ")
        case "A12" | "A13":
            rest = _join("by the sender", f"back in {place}" if place else "", by=", ")
        case "A08":
            rest = "the details of the visit"
        case _:
            rest = _merged(statement, number) if statement.merged else ""
    return Said(kind=kind, head=head, rest=rest)


def _merged(statement: Statement, number: Callable[[RecordId], str]) -> str:
    retired = number(statement.merged) if statement.merged else ""
    return f"{retired or 'a record'} into {number(statement.record) or 'this one'}"


def _join(*parts: str, by: str = " ") -> str:
    return by.join(part for part in parts if part)
