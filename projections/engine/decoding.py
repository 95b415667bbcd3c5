"""From a stored body to the frozen types that interpretation takes, without validation twice.

pydantic validates an event when it is made and when somebody verifies; replay trusts what is stored
and decodes with msgspec. A body splits into its two halves verbatim, so that read models can copy
sealed segments without encoding them again.
"""

from typing import Final

import msgspec

from domain.body import Body, Sealed
from domain.ids import RecordId
from domain.statement import Statement

_NO_SEGMENTS: Final = msgspec.Raw(b"[]")


class _Halves(msgspec.Struct):
    core: msgspec.Raw
    sealed: msgspec.Raw = _NO_SEGMENTS


class _Core(msgspec.Struct):
    core: Statement


_body: Final = msgspec.json.Decoder(Body)
_halves: Final = msgspec.json.Decoder(_Halves)
_whole: Final = msgspec.json.Decoder(_Core)
_core: Final = msgspec.json.Decoder(Statement)
_sealed: Final = msgspec.json.Decoder(tuple[Sealed, ...])


def decode_body(body: bytes) -> Body:
    """Decode a stored body whole.

    Raises:
        msgspec.MsgspecError: It is no body of a statement.
    """
    return _body.decode(body)


def split(body: bytes) -> tuple[str, str]:
    """Return ``core`` and ``sealed`` of a stored body, each verbatim.

    Raises:
        msgspec.MsgspecError: It is not a JSON object with a core.
        UnicodeDecodeError: It is not UTF-8.
    """
    halves = _halves.decode(body)
    return str(halves.core, "utf-8"), str(halves.sealed, "utf-8")


def decode_statement(body: bytes) -> Statement:
    """Decode the core of a stored body, and pass over the rest."""
    return _whole.decode(body).core


def decode_core(core: str) -> Statement:
    """Decode a core that was split off."""
    return _core.decode(core)


def decode_sealed(sealed: str | msgspec.Raw) -> tuple[Sealed, ...]:
    """Decode the segments that were split off."""
    return _sealed.decode(sealed)


def records_named(statement: Statement) -> tuple[RecordId, ...]:
    """Return the source records that a statement is about, its own first."""
    if statement.merged is None:
        return (statement.record,)
    return (statement.record, statement.merged)
