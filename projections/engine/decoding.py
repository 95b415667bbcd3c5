"""Decode stored bodies without validating them again.

pydantic validates an event when it is made and when it is verified. Replay trusts the store and
decodes with msgspec.

msgspec decodes into structs that mirror the frozen dataclasses of ``domain``. A mirror has the same
members and properties, and ``dataclasses.replace`` works on it, but it is not an instance of the
dataclass. The reason is speed: decoding a statement takes 5 us into a mirror and 26 us into the
dataclass, because msgspec sets each member that a body leaves out through a slow path. A test
compares what msgspec and pydantic read.
"""

import dataclasses
import types
from typing import Any, Final, TypeAlias, Union, get_args, get_origin, get_type_hints

import msgspec

from domain.body import SealedSegment
from domain.statement import Moment, Statement, may_join_records

_Mirrors: TypeAlias = dict[type, type[msgspec.Struct]]

_NO_SEGMENTS: Final = msgspec.Raw(b"[]")


def mirror(of: type, made: _Mirrors) -> type[msgspec.Struct]:
    """Return the struct that mirrors a frozen dataclass and the dataclasses of its members.

    Args:
        of: The dataclass.
        made: The mirrors made so far, by dataclass. New ones are added.
    """
    if of in made:
        return made[of]
    hints = get_type_hints(of)
    members: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for field in dataclasses.fields(of):
        kind = _mirrored(hints[field.name], made)
        if field.default is dataclasses.MISSING:
            members.append((field.name, kind))
        elif dataclasses.is_dataclass(field.default):
            members.append((field.name, kind, mirror(type(field.default), made)()))
        else:
            members.append((field.name, kind, field.default))
    made[of] = msgspec.defstruct(
        of.__name__,
        members,
        kw_only=True,
        frozen=True,
        gc=False,  # they hold no cycles, and a rebuild makes millions of them
        namespace={"__dataclass_fields__": vars(of)["__dataclass_fields__"]}
        | {name: value for name, value in vars(of).items() if isinstance(value, property)},
        module=__name__,
    )
    return made[of]


def _mirrored(hint: Any, made: _Mirrors) -> Any:
    """Return a type hint with each dataclass in it replaced by its mirror."""
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return mirror(hint, made)
    origin = get_origin(hint)
    if origin is tuple:
        return tuple[tuple(_mirrored(one, made) for one in get_args(hint))]  # type: ignore[misc]  # made at run time
    if origin in {Union, types.UnionType}:
        return Union[tuple(_mirrored(one, made) for one in get_args(hint))]  # noqa: UP007  # likewise
    return hint


_made: Final[_Mirrors] = {}
StatementMirror: Final = mirror(Statement, _made)
MomentMirror: Final = _made[Moment]
SealedMirror: Final = mirror(SealedSegment, _made)


class _Body(msgspec.Struct, gc=False):
    core: StatementMirror  # type: ignore[valid-type]  # made at run time
    sealed: msgspec.Raw = _NO_SEGMENTS


class _Halves(msgspec.Struct):
    core: msgspec.Raw
    sealed: msgspec.Raw = _NO_SEGMENTS


class _Ref(msgspec.Struct, gc=False):
    ref: str
    field: str = ""
    type: str = ""
    trusted: bool = False
    placeholder: bool = False


class _NodesOfCore(msgspec.Struct, gc=False):
    record: str
    merged: str | None = None
    identifiers: tuple[_Ref, ...] = ()


class _NodesOfBody(msgspec.Struct, gc=False):
    core: _NodesOfCore


_body: Final = msgspec.json.Decoder(_Body)
_halves: Final = msgspec.json.Decoder(_Halves)
_core: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder(StatementMirror)
_sealed: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder(tuple[SealedMirror, ...])  # type: ignore[valid-type]  # made at run time
_nodes: Final = msgspec.json.Decoder(_NodesOfBody)


def split(body: bytes) -> tuple[str, str]:
    """Return ``core`` and ``sealed`` of a stored body, each as the text that is stored.

    Read models copy sealed segments without encoding them again.

    Raises:
        msgspec.MsgspecError: The body is not a JSON object with a core.
        UnicodeDecodeError: The body is not UTF-8.
    """
    halves = _halves.decode(body)
    return str(halves.core, "utf-8"), str(halves.sealed, "utf-8")


def decode_body(body: bytes) -> tuple[Statement, msgspec.Raw]:
    """Return the statement of a stored body, and its sealed segments as they are stored.

    Raises:
        msgspec.MsgspecError: The body is not that of a statement.
    """
    decoded = _body.decode(body)
    return decoded.core, decoded.sealed


def decode_core(core: str | msgspec.Raw) -> Statement:
    """Decode the core of a statement.

    Raises:
        msgspec.MsgspecError: The text is not the core of a statement.
    """
    statement: Statement = _core.decode(core)
    return statement


def decode_sealed(segments: str | msgspec.Raw) -> tuple[SealedSegment, ...]:
    """Decode sealed segments.

    Raises:
        msgspec.MsgspecError: The text is not a list of sealed segments.
    """
    found: tuple[SealedSegment, ...] = _sealed.decode(segments)
    return found


def decode_nodes(body: bytes) -> tuple[str, ...]:
    """Decode only the nodes that a statement joins: see ``substrate.nodes_of``.

    Raises:
        msgspec.MsgspecError: The body is not that of a statement.
    """
    core = _nodes.decode(body).core
    found = [core.record] if core.merged is None else [core.record, core.merged]
    found += [
        each.ref
        for each in core.identifiers
        if each.ref != core.record
        and may_join_records(
            field=each.field, kind=each.type, trusted=each.trusted, placeholder=each.placeholder
        )
    ]
    return tuple(dict.fromkeys(found))
