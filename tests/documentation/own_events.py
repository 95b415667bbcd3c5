"""The part of the page of events that describes own events: from their JSON Schemas.

The meaning of a member is the docstring below it. It is read here and not by pydantic, which would
read the source of each model whenever a process starts.
"""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, get_args

from pydantic import BaseModel

from domain.catalogue import OWN_EVENTS
from domain.events import OwnEvent


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
        *_table(OwnEvent, set()),
    ]
    parts = {part for event in OWN_EVENTS.values() for part in _parts(event)}
    for part in sorted(parts, key=lambda each: each.__name__):
        words = inspect.cleandoc(part.__doc__ or "").replace("\n", " ")
        lines += ["", f"`{part.__name__}`: {words}", "", *_table(part, set())]
    for topic, event in sorted(OWN_EVENTS.items()):
        words = inspect.cleandoc(event.__doc__ or "").replace("\n", " ")
        lines += ["", f"### `{topic}`", "", words, ""]
        lines += _table(event, set(common["properties"]))
    return lines


def _parts(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yield the models that the members of a model hold, alone or in a list."""
    for field in model.model_fields.values():
        for part in _models(field.annotation):
            yield part
            yield from _parts(part)


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _table(model: type[BaseModel], leave_out: set[str]) -> list[str]:
    meanings = _meanings(model)
    rows = []
    for name, member in model.model_json_schema()["properties"].items():
        if name in leave_out:
            continue
        kinds = [_kind(each) for each in member.get("anyOf", [member])]
        meaning = [meanings.get(name, "").rstrip(".")]
        meaning += [" ".join(f"`{each}`" for each in member.get("enum", []))]
        if member.get("default"):
            meaning.append(f"default `{member['default']}`")
        rows.append(f"| `{name}` | `{' or '.join(kinds)}` | {'; '.join(filter(None, meaning))} |")
    return ["| member | type | meaning |", "|---|---|---|", *rows]


def _meanings(model: type[BaseModel]) -> dict[str, str]:
    """Return the docstring of each member of a model, those of its bases included."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if not issubclass(each, BaseModel) or each is BaseModel:
            continue
        (defined,) = ast.parse(inspect.getsource(each)).body
        assert isinstance(defined, ast.ClassDef)
        for member, words in pairwise(defined.body):
            match member, words:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ):
                    found[name] = inspect.cleandoc(text)
                case _:
                    pass
    return found


def _kind(member: Mapping[str, Any]) -> str:
    """Return the type of a member in words."""
    if "$ref" in member:
        return re.sub(r".*/", "", member["$ref"])
    if member["type"] == "array":
        return f"list of {_kind(member['items'])}"
    formats = {"date": "date", "date-time": "time"}
    kind: str = member["type"]
    return formats.get(member.get("format", ""), kind)
