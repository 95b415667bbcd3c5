"""The parts of a care plan as rows of a form, and the changes that were made to the rows.

A row has the id of its part. The last rows are new parts: they have ids that are not in use.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, get_args

from caretrail.reading.plan_contents import PartContents
from caretrail.web.command_form import ShownChoice, ShownField
from caretrail.web.plan_words import OWNERS, activity_kind
from domain.care_plan.parts import KINDS_OF_PARTS, ActivityKind, GoalOwner, GoalPriority
from domain.care_plan.states import PlanContent

_REMOVED: Final = "removed"  # field of the command: ids of the parts that are removed
_REMOVE: Final = "remove"  # field of a row
_RESPONSIBLE: Final = "responsible"  # member of an activity: an organisation, a person
#: The fields of the command that the rows stand for.
OF_ROWS: Final = frozenset(
    {
        "concerns_added",
        "goals_added",
        "goals_changed",
        "activities_added",
        "activities_changed",
        _REMOVED,
    }
)
#: New rows, by the first letter of their ids.
_NEW: Final[Mapping[str, int]] = {"c": 1, "g": 2, "a": 2}
_TITLES: Final[Mapping[str, str]] = {"c": "Concerns", "g": "Goals", "a": "Activities"}
_NOUNS: Final[Mapping[str, str]] = {"c": "concerns", "g": "goals", "a": "activities"}

Typed = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRow:
    """One part of the plan as fields."""

    part_id: str
    title: str
    is_new: bool
    fields: tuple[ShownField, ...]

    @property
    def errors(self) -> tuple[ShownField, ...]:
        """The fields with an error. Their labels name the part, for the list above the form."""
        return tuple(
            replace(each, label=f"{self.title}: {each.label}") for each in self.fields if each.error
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RowGroup:
    """The rows of one kind of part."""

    title: str
    rows: tuple[PartRow, ...]


@dataclass(frozen=True, slots=True)
class PlanSeen:
    """The plan as the person saw it when the form was made."""

    plan: PlanContent
    contents: Mapping[str, PartContents]

    def values(self) -> dict[str, dict[str, str]]:
        """Return the values of the fields of each part, by its id."""
        found: dict[str, dict[str, str]] = {
            part_id: {"text": self._text(part_id)} for part_id in self.plan.parts.concerns
        }
        for part_id, known in self.plan.parts.goals.items():
            goal = known.goal
            found[part_id] = {
                "text": self._text(part_id),
                "owner": goal.owner,
                "priority": goal.priority,
                "target_on": _iso(goal.target_on),
            }
        for part_id, one in self.plan.parts.activities.items():
            activity = one.activity
            found[part_id] = {
                "text": self._text(part_id),
                "kind": activity.kind,
                "organisation": activity.responsible.organisation,
                "person": activity.responsible.person,
                "by_patient": "yes" if activity.by_patient else "",
                "due_on": _iso(activity.due_on),
                "goals": " ".join(activity.goals),
            }
        return found

    def new_ids(self, letter: str) -> list[str]:
        """Return ids of new parts of a kind: those that follow all that the plan has or had."""
        used = [int(each[1:]) for each in self.plan.used if each.startswith(letter)]
        first = max(used, default=0) + 1
        return [f"{letter}{first + number}" for number in range(_NEW[letter])]

    def _text(self, part_id: str) -> str:
        contents = self.contents.get(part_id)
        return contents.text if contents else ""


def row_groups(
    seen: PlanSeen, typed: Typed | None, errors: Mapping[str, str] | None = None
) -> list[RowGroup]:
    """Return the rows of a plan.

    Args:
        seen: The plan as the person saw it.
        typed: What was typed; None: the form is new.
        errors: What is wrong, by the name of the field.
    """
    known = seen.values()
    groups = []
    for letter, title in _TITLES.items():
        ids = [each for each in known if each.startswith(letter)]
        rows = [
            PartRow(
                part_id=part_id,
                title=_title(part_id, known),
                is_new=part_id not in known,
                fields=tuple(_fields(part_id, known.get(part_id), typed, errors or {})),
            )
            for part_id in (*ids, *seen.new_ids(letter))
        ]
        groups.append(RowGroup(title=title, rows=tuple(rows)))
    return groups


def _title(part_id: str, known: Mapping[str, Mapping[str, str]]) -> str:
    """Return the title of a row. That of a concern has its text, which is not a field."""
    title = f"{KINDS_OF_PARTS[part_id[0]].capitalize()} {part_id}"
    text = known[part_id]["text"] if part_id in known and part_id[0] == "c" else ""
    return f"{title}: {text}" if text else title


def revision_values(seen: PlanSeen, typed: Typed) -> dict[str, list[str]]:
    """Return the fields of the command, as text, from the changes that were made to the rows."""
    found = _revised(seen, typed)
    texts = {
        name: [json.dumps(list(parts.values()))]
        for name, parts in found.items()
        if parts and name != _REMOVED
    }
    return {**texts, **({_REMOVED: list(found[_REMOVED])} if found[_REMOVED] else {})}


def row_field(seen: PlanSeen, typed: Typed, path: Sequence[str | int]) -> str:
    """Return the name of the field that a value of the command came from; empty: of no row.

    Args:
        seen: The plan as the person saw it.
        typed: What was typed.
        path: Where the value is in the command, such as ("goals_added", 0, "goal", "target_on").
    """
    name, *rest = path
    parts = list(_revised(seen, typed).get(str(name), ()))
    if not rest or not isinstance(rest[0], int) or rest[0] >= len(parts):
        return ""
    part_id = parts[rest[0]]
    if name == _REMOVED:
        return f"part.{part_id}.{_REMOVE}"
    said = [each for each in map(str, rest[1:]) if each in _NAMES[part_id[0]]]
    field = said[0] if said else "organisation" if _RESPONSIBLE in rest else "text"
    return f"part.{part_id}.{field}"


def _revised(seen: PlanSeen, typed: Typed) -> dict[str, dict[str, Any]]:
    """Return the fields of the command: the changes by the id of the part, in their order."""
    known = seen.values()
    found: dict[str, dict[str, Any]] = {name: {} for name in OF_ROWS}
    for part_id, before in known.items():
        now = {name: _one(typed, part_id, name) for name in before}
        if _one(typed, part_id, _REMOVE):
            found[_REMOVED][part_id] = part_id
        elif part_id[0] != "c" and now != before:
            kind = "goals_changed" if part_id[0] == "g" else "activities_changed"
            found[kind][part_id] = _change(part_id, before, now)
    for letter in _TITLES:
        for part_id in seen.new_ids(letter):
            row = {name: _one(typed, part_id, name) for name in _NAMES[letter]}
            if any(row.values()):
                found[f"{_NOUNS[letter]}_added"][part_id] = _added(part_id, row)
    return found


#: The names of the fields of a row, by the first letter of its id.
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "c": ("text",),
    "g": ("text", "owner", "priority", "target_on"),
    "a": ("text", "kind", "organisation", "person", "by_patient", "due_on", "goals"),
}
_LABELS: Final[Mapping[str, str]] = {
    "text": "In words",
    "owner": "Whose goal",
    "priority": "Priority",
    "target_on": "To reach by",
    "kind": "Kind",
    "organisation": "Who does it: organisation",
    "person": "Who does it: person",
    "by_patient": "The patient does it",
    "due_on": "Due by",
    "goals": "For the goals",
}
_CHOICES: Final[Mapping[str, Mapping[str, str]]] = {
    "owner": {code: OWNERS[code] for code in get_args(GoalOwner)},
    "priority": {code: code for code in get_args(GoalPriority)},
    "kind": {code: activity_kind(code) for code in get_args(ActivityKind)},
}
_WIDGETS: Final[Mapping[str, str]] = {
    "text": "text",
    "target_on": "day",
    "due_on": "day",
    "organisation": "organisation",
    "by_patient": "yes_or_no",
}


def _fields(
    part_id: str,
    known: Mapping[str, str] | None,
    typed: Typed | None,
    errors: Mapping[str, str],
) -> Sequence[ShownField]:
    letter = part_id[0]
    made = [
        _field(part_id, name, known, typed, errors)
        for name in _NAMES[letter]
        if letter != "c" or known is None  # a concern is not changed: it is resolved, or removed
    ]
    if known is not None:
        made.append(_field(part_id, _REMOVE, known, typed, errors))
    return made


def _field(
    part_id: str,
    name: str,
    known: Mapping[str, str] | None,
    typed: Typed | None,
    errors: Mapping[str, str],
) -> ShownField:
    sent_as = f"part.{part_id}.{name}"
    value = (known or {}).get(name, "") if typed is None else _one(typed, part_id, name)
    choices = _CHOICES.get(name, {})
    return ShownField(
        name=sent_as,
        anchor=f"f-{part_id}-{name}",
        label="Remove it from the plan" if name == _REMOVE else _LABELS[name],
        need="sealed" if name == "text" else "",
        widget="yes_or_no"
        if name == _REMOVE
        else "select"
        if choices
        else _WIDGETS.get(name, "line"),
        value=value,
        choices=tuple(
            ShownChoice(code=code, words=said, chosen=code == value)
            for code, said in choices.items()
        ),
        required=known is not None,
        error=errors.get(sent_as, ""),
        help="Ids, such as g1 g2." if name == "goals" else "",
    )


def _change(part_id: str, before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, Any]:
    """Return the change of a part: only the members that differ, and those that were emptied."""
    differing = {name for name in before if before[name] != now[name]} - {"text"}
    members: dict[str, Any] = {}
    cleared = []
    for name in sorted(differing - {"organisation", "person"}):
        if name in {"target_on", "due_on"} and not now[name]:
            cleared.append(name)
        elif name == "by_patient":
            members[name] = bool(now[name])
        elif name == "goals":
            members[name] = now[name].split()
        else:
            members[name] = now[name]
    if differing & {"organisation", "person"}:
        members[_RESPONSIBLE] = _responsible(now)
    if cleared:
        members["cleared"] = cleared
    change: dict[str, Any] = {"change": {_id_name(part_id): part_id, **members}}
    if now["text"] != before["text"]:
        change["text"] = now["text"]
    return change


def _added(part_id: str, row: Mapping[str, str]) -> dict[str, Any]:
    """Return a new part with the members that are stated."""
    members: dict[str, Any] = {
        name: text
        for name, text in row.items()
        if text and name not in {"text", "organisation", "person", "by_patient", "goals"}
    }
    if row.get("by_patient"):
        members["by_patient"] = True
    if row.get("goals"):
        members["goals"] = row["goals"].split()
    if responsible := _responsible(row):
        members[_RESPONSIBLE] = responsible
    kind = KINDS_OF_PARTS[part_id[0]]
    return {kind: {_id_name(part_id): part_id, **members}, "text": row["text"]}


def _responsible(row: Mapping[str, str]) -> dict[str, str]:
    return {name: row[name] for name in ("organisation", "person") if row.get(name)}


def _id_name(part_id: str) -> str:
    return f"{KINDS_OF_PARTS[part_id[0]]}_id"


def _one(typed: Typed, part_id: str, name: str) -> str:
    found = typed.get(f"part.{part_id}.{name}")
    # A browser sends the lines of a text with CR and LF.
    return found[-1].replace("\r\n", "\n").strip() if found else ""


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
