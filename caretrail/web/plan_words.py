"""Say the parts of care plans in words: goals, activities, concerns."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from caretrail.reading.plan_contents import PartContents
from caretrail.web.words import Words, date_words

#: Category of a plan -> its title.
CATEGORIES: Final[Mapping[str, str]] = {
    "longitudinal": "Long-term plan",
    "transition": "Plan for the transition",
    "disease": "Plan for a disease",
}
OWNERS: Final[Mapping[str, str]] = {
    "patient": "goal of the patient",
    "clinician": "goal of the clinician",
    "shared": "shared goal",
}
ACTIVITY_KINDS: Final[Mapping[str, str]] = {"self_care": "self-care"}
UNREADABLE: Final = "words not stated"


def plan_title(category: str) -> str:
    """Return the title of a plan."""
    return CATEGORIES.get(category) or f"{spaced(category).capitalize()} plan"


def part_words(contents: PartContents | None) -> str:
    """Return what a part says; empty if it says nothing, or its key is gone."""
    if contents is None:
        return ""
    return contents.text or str(contents.clinical.get("code", ""))


def target_words(contents: PartContents | None) -> str:
    """Return what a goal should reach and its last value, such as ``walk 200 m, now 150 m``."""
    if contents is None:
        return ""
    target = _measured(contents.clinical, ("measure", "value", "unit"))
    now = _measured(contents.progress, ("value", "unit"))
    return ", ".join(filter(None, (target, f"now {now}" if now else "")))


def activity_kind(code: str) -> str:
    """Return the kind of an activity in words."""
    return (ACTIVITY_KINDS.get(code) or spaced(code)).capitalize()


def party_words(party: Mapping[str, Any] | None, words: Words) -> str:
    """Return a party as ``nurse-1, Cedar Street Clinic``; empty: not stated."""
    if party is None:
        return ""
    organisation = party.get("organisation")
    parts = (
        party.get("person") or party.get("pool"),
        words.facility(organisation) if organisation else "",
    )
    return ", ".join(filter(None, parts))


def day_words(iso: str | None) -> str:
    """Return a day without its year; empty: not stated."""
    return date_words(date.fromisoformat(iso), year=False) if iso else ""


def spaced(code: str) -> str:
    """Return a code as words."""
    return code.replace("_", " ").replace("-", " ")


def _measured(contents: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return " ".join(str(contents[name]) for name in names if contents.get(name))
