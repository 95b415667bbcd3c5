"""Examples of bodies, made from their schemas."""

import re
from collections.abc import Mapping
from typing import Any, Final

from domain.events import UUID_TEXT

UUID: Final = "0198f3a2-5d3c-7b4e-9c1f-2a6b8d0e4f11"
TIME: Final = "2026-03-02T14:05:00Z"

Json = dict[str, Any]

_PROTOCOL: Final = """\
name = "regional"
zone = "America/Chicago"
backlog_days = 14
window_days = 30

[duties]
"referral.outcome" = { within = "7 d", source = "our choice" }

[kinds.home]
dispositions = ["01"]
canonical = ["home"]
steps = []
"""

#: Values by the path or the name of a member.
_VALUES: Final[Mapping[str, object]] = {
    "organisation": "GENERAL",
    "person": "dr-ward",
    "pool": "CARDIOLOGY-DESK",
    "target.organisation": "HEART-CLINIC",
    "target.person": "dr-lindqvist",
    "patient": "GENERAL|0048213",
    "service": "CARDIOLOGY",
    "specialty": "207RC0000X",
    "question": "Is the valve to be replaced?",
    "note": "Discussed with the patient.",
    "step": "education",
    "goals_added.goal.goal_id": "g2",
    "name": "Furosemide",
    "content": _PROTOCOL,
    "roster": "MSSP-2026",
    "facility": "GENERAL",
    "unit": "4W",
    "room": "401",
    "bed": "1",
    "building": "MAIN",
    "floor": "4",
    "description": "Cardiology, room 401",
    "visit_number": "V7",
    "authority": "GENERAL",
    "identifier": "0048213",
    "summary": "Admitted to 4W",
    "zone": "America/Chicago",
    "next": "eyJvIjo1MH0",
}
_FORMATS: Final[Mapping[str, object]] = {"date": "2026-03-09", "date-time": TIME}
#: The pattern of the id of a part within a stream, such as g1 for a goal.
_PART: Final = re.compile(r"\^\[?([a-z])[a-z]*\]?\[1-9\]")
_PARTY: Final = frozenset({"organisation", "person", "pool"})
#: Members that an example has although a command can do without them.
_TELLING: Final = frozenset(
    {
        "urgency", "service", "question", "note", "words", "items", "compared", "decisions",
        "goals_added",
    }
)  # fmt: skip


def example_of(schema: Json, definitions: Json | None = None) -> Json:
    """Return an example of the object that a schema describes: with what is required, and more.

    Args:
        schema: The schema of an object.
        definitions: What its references name; None: the schema holds them.
    """
    known = schema.get("$defs", {}) if definitions is None else definitions
    found: Json = _value(schema, known, "")
    return found


def _object(schema: Json, definitions: Json, path: str) -> Json:
    members: Json = schema.get("properties", {})
    telling = {"organisation", "person"} if set(members) >= _PARTY else _TELLING
    wanted = {*schema.get("required", ()), *telling} & set(members)
    return {
        name: _value(each, definitions, f"{path}.{name}".lstrip("."))
        for name, each in members.items()
        if name in wanted
    }


def _value(schema: Json, definitions: Json, path: str) -> Any:  # noqa: PLR0911  # a table of cases
    if "$ref" in schema:
        return _value(definitions[schema["$ref"].rpartition("/")[2]], definitions, path)
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        if choice.get("type") != "null":
            return _value(choice, definitions, path)
    for member in ("const", "enum"):
        if member in schema:
            return schema[member][0] if member == "enum" else schema[member]
    match schema.get("type"):
        case "object":
            return _object(schema, definitions, path)
        case "array":
            (found,) = schema.get("examples", ([_value(schema["items"], definitions, path)],))
            return found
        case "boolean":
            return True
        case "integer" | "number":
            return max(1, schema.get("minimum", 1))
        case _:
            return _text(schema, path)


def _text(schema: Json, path: str) -> Any:
    name = path.rpartition(".")[2]
    for known in (_VALUES.get(path), _VALUES.get(name), *schema.get("examples", ())):
        if known is not None:
            return known
    pattern = schema.get("pattern", "")
    if pattern == UUID_TEXT:
        return UUID
    if part := _PART.match(pattern):
        return f"{part[1]}1/1" if "/" in pattern else f"{part[1]}1"
    return _FORMATS.get(schema.get("format", ""), "CODE-1")
