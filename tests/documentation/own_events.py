"""The part of the page of events that describes own events: from their JSON Schemas."""

import inspect
import re
from collections.abc import Mapping
from typing import Any

from domain.catalogue import OWN_EVENTS
from domain.events import OwnEvent
from domain.referral import Party


def own_events() -> list[str]:
    """Return the lines: the common members once, then each event with its own members."""
    common = OwnEvent.model_json_schema()
    lines = [
        "## Own events",
        "",
        "What our own commands decide. The stream is the thing itself, such as one referral. The",
        "source record of the patient is the second of `subjects` and is in the core.",
        "",
        "Every core has these members:",
        "",
        *_table(common, set()),
        "",
        "A party, such as `requester`, has these members. All of them are codes.",
        "",
        *_table(Party.model_json_schema(), set()),
    ]
    for topic, event in sorted(OWN_EVENTS.items()):
        shape = event.model_json_schema()
        words = inspect.cleandoc(event.__doc__ or "").replace("\n", " ")
        lines += ["", f"### `{topic}`", "", words, ""]
        lines += _table(shape, set(common["properties"]))
    return lines


def _table(shape: Mapping[str, Any], leave_out: set[str]) -> list[str]:
    rows = []
    for name, member in shape["properties"].items():
        if name in leave_out:
            continue
        kinds = [_kind(each) for each in member.get("anyOf", [member])]
        meaning = [member.get("description", "").rstrip(".")]
        meaning += [" ".join(f"`{each}`" for each in member.get("enum", []))]
        if member.get("default"):
            meaning.append(f"default `{member['default']}`")
        rows.append(f"| `{name}` | `{' or '.join(kinds)}` | {'; '.join(filter(None, meaning))} |")
    return ["| member | type | meaning |", "|---|---|---|", *rows]


def _kind(member: Mapping[str, Any]) -> str:
    """Return the type of a member in words."""
    if "$ref" in member:
        return re.sub(r".*/", "", member["$ref"])
    if member["type"] == "array":
        return f"list of {_kind(member['items'])}"
    formats = {"date": "date", "date-time": "time"}
    kind: str = member["type"]
    return formats.get(member.get("format", ""), kind)
