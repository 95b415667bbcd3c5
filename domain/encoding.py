"""Write and read stored bodies: JSON, validated when it is written and when it is verified."""

from base64 import b64decode
from collections.abc import Sequence
from functools import cache
from typing import Final

from pydantic import TypeAdapter

from domain.body import Body, SealedSegment
from domain.catalogue import CORES, UnknownTopic
from domain.events import OwnEvent
from domain.statement import Statement

_statement: Final = TypeAdapter(Statement)


class BodyDoesNotHold(ValueError):
    """The core would not read back from its stored form. The text names no value."""


def make_body(core: Statement | OwnEvent, sealed: Sequence[SealedSegment] = ()) -> bytes:
    """Return the body as it is stored: JSON, without members that have their default value.

    Raises:
        BodyDoesNotHold: A field holds a value that its type does not allow.
    """
    return b'{"core":%b,"sealed":[%b]}' % (make_core(core), b",".join(map(_segment, sealed)))


def make_core(core: Statement | OwnEvent) -> bytes:
    """Return the ``core`` of a body, validated as strictly as when it is read.

    Raises:
        BodyDoesNotHold: A field holds a value that its type does not allow.
    """
    try:
        # Without warnings, because a warning would quote the value.
        if isinstance(core, OwnEvent):
            text = core.model_dump_json(exclude_defaults=True, warnings=False).encode()
            type(core).model_validate_json(text, strict=True)
        else:
            text = _statement.dump_json(core, exclude_defaults=True, warnings=False)
            _statement.validate_json(text, strict=True)
    except ValueError:
        raise BodyDoesNotHold("a field holds a value that its type does not allow") from None
    return text


def read_body(topic: str, body: bytes) -> Body[Statement] | Body[OwnEvent]:
    """Read and validate the stored body of an event.

    Raises:
        ValueError: This is not the body of an event with this topic.
    """
    read = _adapter(topic).validate_json(body, strict=True)
    for each in read.sealed:
        b64decode(each.box, validate=True)
    return read


@cache
def _adapter(topic: str) -> TypeAdapter[Body[Statement] | Body[OwnEvent]]:
    core = CORES.get(topic)
    if core is None:
        raise UnknownTopic(topic)
    return TypeAdapter(Body[core])  # type: ignore[valid-type]  # the type is a row of the catalogue


def _segment(sealed: SealedSegment) -> bytes:
    # Ids, hexadecimal and base64 need no escaping. A test holds this equal to pydantic.
    return (
        f'{{"subject":"{sealed.subject}","segment":"{sealed.segment}",'
        f'"commitment":"{sealed.commitment}","box":"{sealed.box}"}}'
    ).encode("ascii")
