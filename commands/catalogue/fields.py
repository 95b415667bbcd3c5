"""The fields of a command in a flat form, for the command line and for forms.

A party becomes three fields (organisation, person, pool), and a nested model one field per member.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, TypeAlias, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo

from commands.command import TEXT_LENGTH, Command
from domain.events import UUID_TEXT
from domain.party import Party

#: ``json`` is anything else: a list of models, for example.
FieldKind: TypeAlias = Literal[
    "id",
    "code",
    "text",
    "day",
    "instant",
    "yes_or_no",
    "number",
    "choice",
    "choices",
    "codes",
    "json",
]

#: Fields that each interface fills in its own way.
_OF_THE_FRAME: Final = frozenset({"stream", "happened_at", "record", "mode"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandField:
    """One field that a person fills."""

    path: tuple[str, ...]  # into the command, such as ("requester", "person")
    kind: FieldKind
    words: str  # what it is, such as "day by which the patient should be seen"
    required: bool
    choices: tuple[str, ...] = ()  # of ``choice`` and ``choices``
    default: object = None


_SIMPLE: Final[Mapping[object, FieldKind]] = {
    bool: "yes_or_no",
    int: "number",
    date: "day",
    datetime: "instant",
    AwareDatetime: "instant",
}


def fields_of(shape: type[Command]) -> tuple[CommandField, ...]:
    """Return the fields of a command, in the order of the class, without those of the frame."""
    return tuple(
        found
        for name, field in shape.model_fields.items()
        if name not in _OF_THE_FRAME
        for found in _fields((name,), field, required=field.is_required())
    )


def filled(values: Mapping[tuple[str, ...], object]) -> dict[str, Any]:
    """Return the members of a command from values by path. Values that are None are left out."""
    members: dict[str, Any] = {}
    for path, value in values.items():
        if value is None:
            continue
        inner = members
        for name in path[:-1]:
            inner = inner.setdefault(name, {})
        inner[path[-1]] = value
    return members


def _fields(path: tuple[str, ...], field: FieldInfo, *, required: bool) -> Iterator[CommandField]:
    words = field.description or path[-1].replace("_", " ")
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    shape = _without_none(field.annotation)
    if shape is Party:
        yield CommandField(
            path=(*path, "organisation"),
            kind="code",
            words=f"{words}: organisation",
            required=required and path[-1] != "target",  # a pool alone may be the target
        )
        for name in ("person", "pool"):
            yield CommandField(
                path=(*path, name), kind="code", words=f"{words}: {name}", required=False
            )
        return
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        for name, inner in shape.model_fields.items():
            yield from _fields((*path, name), inner, required=required and inner.is_required())
        return
    kind, choices = _kind(shape, field)
    yield CommandField(
        path=path, kind=kind, words=words, required=required, choices=choices, default=default
    )


def _kind(shape: object, field: FieldInfo) -> tuple[FieldKind, tuple[str, ...]]:
    if shape in _SIMPLE:
        return _SIMPLE[shape], ()
    if get_origin(shape) is Literal:
        return "choice", tuple(map(str, get_args(shape)))
    if get_origin(shape) is tuple:
        member = _without_none(get_args(shape)[0])
        if get_origin(member) is Literal:
            return "choices", tuple(map(str, get_args(member)))
        return ("codes" if member is str else "json"), ()
    return (_kind_of_text(field) if shape is str else "json"), ()


def _kind_of_text(field: FieldInfo) -> FieldKind:
    if UUID_TEXT in _patterns((field.annotation, *field.metadata)):
        return "id"
    longest = max(getattr(each, "max_length", None) or 0 for each in (None, *field.metadata))
    return "text" if longest >= TEXT_LENGTH else "code"


def _without_none(annotation: object) -> object:
    """Return the type of a value that is stated: without None, ``Annotated`` and ``NewType``."""
    if get_origin(annotation) is Annotated:
        return _without_none(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        (stated,) = (each for each in get_args(annotation) if each is not NoneType)
        return _without_none(stated)
    if (supertype := getattr(annotation, "__supertype__", None)) is not None:
        return _without_none(supertype)
    return annotation


def _patterns(parts: Iterable[object]) -> Iterator[str]:
    """Yield the patterns that a value must match."""
    for part in parts:
        for each in getattr(part, "metadata", ()):
            if (pattern := getattr(each, "pattern", None)) is not None:
                yield pattern
        if (pattern := getattr(part, "pattern", None)) is not None:
            yield pattern
        yield from _patterns(get_args(part))
