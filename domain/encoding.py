"""Write and read stored bodies: JSON, validated when it is written and when it is verified."""

from base64 import b64decode
from collections.abc import Sequence
from typing import Final

from pydantic import TypeAdapter

from domain.body import Body, Sealed
from domain.statement import Statement

_core: Final = TypeAdapter(Statement)
_body: Final = TypeAdapter(Body)


class BodyDoesNotHold(ValueError):
    """The core would not read back from its stored form. The text names no value."""


def make_body(core: Statement, sealed: Sequence[Sealed] = ()) -> bytes:
    """Return the body as it is stored: JSON, without members that have their default value.

    Raises:
        BodyDoesNotHold: A field holds a value that its type does not allow.
    """
    return b'{"core":%b,"sealed":[%b]}' % (make_core(core), b",".join(map(_segment, sealed)))


def make_core(core: Statement) -> bytes:
    """Return the ``core`` of a body, validated as strictly as when it is read.

    Raises:
        BodyDoesNotHold: A field holds a value that its type does not allow.
    """
    try:
        # Without warnings, because a warning would quote the value.
        text = _core.dump_json(core, exclude_defaults=True, warnings=False)
        _core.validate_json(text, strict=True)
    except ValueError:
        raise BodyDoesNotHold("a field holds a value that its type does not allow") from None
    return text


def read_body(body: bytes) -> Body:
    """Read and validate a stored body.

    Raises:
        ValueError: This is not the body of a statement.
    """
    read = _body.validate_json(body, strict=True)
    for each in read.sealed:
        b64decode(each.box, validate=True)
    return read


def _segment(sealed: Sealed) -> bytes:
    # Ids, hexadecimal and base64 need no escaping. A test holds this equal to pydantic.
    return (
        f'{{"subject":"{sealed.subject}","segment":"{sealed.segment}",'
        f'"commitment":"{sealed.commitment}","box":"{sealed.box}"}}'
    ).encode("ascii")
