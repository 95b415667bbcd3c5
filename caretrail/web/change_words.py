"""Say what an event changed, in the words of a nurse: no codes, no ids."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from caretrail.reading.members import Json
from caretrail.reading.replay import PartChange
from caretrail.web.plan_words import party_words, plan_title, spaced
from caretrail.web.words import CLASS_WORDS, Words, date_words, plural
from caretrail.web.work_page import duty_words

#: Members that only software reads.
_TECHNICAL: Final = frozenset(
    {
        "version", "mode", "anchor", "flags", "index", "statement", "statements", "source",
        "rule_version", "zone", "actor", "part", "about", "message_id", "control_id",
    }
)  # fmt: skip
_TECHNICAL_END: Final = re.compile(r"_(precision|id|ids|ref|refs|until_precision)$")
#: Name of a member -> its words, if its name alone says too little.
_NAMES: Final[Mapping[str, str]] = {
    "class": "class",
    "start": "beginning",
    "disposition": "discharged to",
    "disposition_code": "discharged to",
    "stays": "places",
    "superseded_by": "replaced by a later message",
    "voided_by": "cancelled",
    "is_urgent": "urgent",
    "next_review_on": "next review",
    "plan_told_on": "patient told on",
    "open_goals": "open goals",
    "open_activities": "open activities",
}
_CLASSES: Final[Mapping[str, str]] = {str(code): said for code, said in CLASS_WORDS.items()}
_INSTANT: Final = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d")
_DAY: Final = re.compile(r"^\d{4}-\d\d-\d\d$")
_SIGN: Final = " → "


def change_sentence(change: PartChange, words: Words) -> str:
    """Return one change, such as ``Inpatient stay, Northfield General: status in progress → ...``.

    A value that is not there is "not stated". Times are local times of the pages. The sentence is
    empty if only members changed that no page shows.
    """
    part = change.after or change.before or {}
    named = _named(change.part, part, words)
    if change.change == "added":
        return {"work_item": f"Now owed: {named}"}.get(change.part, f"New: {named}")
    if change.change == "removed":
        return {"work_item": f"No longer owed: {named}"}.get(change.part, f"Removed: {named}")
    before, after = change.before or {}, change.after or {}
    moved = [
        _moved(name, before.get(name), after.get(name), words)
        for name in change.members
        if not _is_technical(name)
    ]
    said = "; ".join(filter(None, moved))
    return f"{named}: {said}" if said else ""


def _is_technical(name: str) -> bool:
    return name in _TECHNICAL or bool(_TECHNICAL_END.search(name))


def _named(kind: str, part: Json, words: Words) -> str:
    match kind:
        case "entry":
            return str(part["summary"])
        case "work_item":
            due = _value("due", part["due_on"] or part["due_at"], words)
            return f"{duty_words(part['duty'])}, due {due}"
        case "encounter":
            what = _CLASSES.get(part["class"], "class not stated")
            return f"Encounter, {what}, {words.facility(part['facility'] or '')}"
        case "care_plan":
            return plan_title(part["category"])
        case "referral":
            asked_for = part.get("service") or part.get("specialty") or ""
            return ", ".join(filter(None, ("Referral", spaced(asked_for))))
        case _:
            return spaced(kind).capitalize()


def _moved(name: str, before: Any, after: Any, words: Words) -> str:
    said = _NAMES.get(name) or spaced(name).removesuffix(" at").removesuffix(" on")
    if isinstance(before, list) or isinstance(after, list):
        return _counted(said, before or [], after or [])
    if name in {"voided_by", "superseded_by"}:
        return said if after else f"no longer {said}"
    if name == "milestones":
        return ""  # the intervals and the steps say the same
    return f"{said} {_value(name, before, words)}{_SIGN}{_value(name, after, words)}"


def _counted(name: str, before: list[Any], after: list[Any]) -> str:
    if len(before) != len(after):
        return f"{name} {len(before)}{_SIGN}{len(after)}"
    differing = sum(one != other for one, other in zip(before, after, strict=True))
    return f"{plural(differing, 'change')} in {name}"


def _value(  # noqa: PLR0911  # one for each kind of value
    name: str, value: Any, words: Words
) -> str:
    match value:
        case None | "":
            return "not stated"
        case bool():
            return "yes" if value else "no"
        case dict():
            return (party_words(value, words) or "not stated") if "organisation" in value else "…"
        case str() if _INSTANT.match(value):
            return words.moment(datetime.fromisoformat(value), year=True)
        case str() if _DAY.match(value):
            return date_words(date.fromisoformat(value))
        case str() if name == "class":
            return _CLASSES.get(value, value)
        case str() if name == "facility" or name.endswith("organisation"):
            return words.facility(value)
        case str():
            return spaced(value)
        case _:
            return str(value)
