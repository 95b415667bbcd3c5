"""Topics, partitions and stored bodies: what holds for every event, for ever."""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from pydantic import TypeAdapter

from domain.body import Body, Sealed
from domain.statement import Statement
from domain.triggers import TRIGGERS

#: The topic of a statement, by its trigger.
TOPICS: Final[Mapping[str, str]] = MappingProxyType(
    {code: row.topic for code, row in TRIGGERS.items()}
)

#: Of the topic of events. Another number would break the order per stream: never changed.
PARTITIONS: Final = 12

_32_BITS: Final = 0xFFFFFFFF
_MULTIPLIER: Final = 0x5BD1E995
_SEED: Final = 0x9747B28C

_core: Final = TypeAdapter(Statement)
_body: Final = TypeAdapter(Body)


class BodyDoesNotHold(ValueError):
    """A statement whose stored form would not read back; the text names no value."""


class SegmentDoesNotOpen(Exception):
    """A sealed segment whose key is gone or another one, or that is not what was sealed."""

    def __init__(self, *, event_id: str, subject: str, segment: str) -> None:
        self.event_id = event_id
        self.subject = subject
        self.segment = segment
        super().__init__(f"segment {segment!r} of {subject} in {event_id} does not open")


def murmur2(data: bytes) -> int:
    """Return the 32-bit hash that Kafka's default partitioner takes of a key.

    MurmurHash2 by Austin Appleby with the seed of Kafka's clients, little endian.
    """
    length = len(data)
    whole = length & ~3
    state = _SEED ^ length
    for at in range(0, whole, 4):
        word = int.from_bytes(data[at : at + 4], "little") * _MULTIPLIER & _32_BITS
        word = (word ^ word >> 24) * _MULTIPLIER & _32_BITS
        state = state * _MULTIPLIER & _32_BITS ^ word
    if whole < length:
        state = (state ^ int.from_bytes(data[whole:], "little")) * _MULTIPLIER & _32_BITS
    state = (state ^ state >> 13) * _MULTIPLIER & _32_BITS
    return state ^ state >> 15


@lru_cache(maxsize=4_096)
def partition_of(stream: str) -> int:
    """Return the partition of a stream id (36 characters): where Kafka puts this key.

    >>> partition_of("59f6dc9d-6ab6-8d7a-b008-c97552bcc807")
    2
    """
    return (murmur2(stream.encode()) & 0x7FFFFFFF) % PARTITIONS


def make_body(core: Statement, sealed: Sequence[Sealed] = ()) -> bytes:
    """Return the body as it is stored: JSON, members at their defaults left out.

    Validated as it will be read: strictly, to the last field.

    Raises:
        BodyDoesNotHold: Some field holds what its type does not allow.
    """
    return b'{"core":%b,"sealed":[%b]}' % (make_core(core), b",".join(map(_segment, sealed)))


def make_core(core: Statement) -> bytes:
    """Return the ``core`` of a body; see ``make_body``."""
    try:
        # Without warnings, because these would quote the value.
        text = _core.dump_json(core, exclude_defaults=True, warnings=False)
        _core.validate_json(text, strict=True)
    except ValueError:
        raise BodyDoesNotHold("a field holds what its type does not allow") from None
    return text


def read_body(body: bytes) -> Body:
    """Read and validate a stored body.

    Raises:
        ValueError: It is not one.
    """
    read = _body.validate_json(body, strict=True)
    for each in read.sealed:
        b64decode(each.box, validate=True)
    return read


def _segment(sealed: Sealed) -> bytes:
    # Ids, hexadecimal and base64 need no escaping; in replay a test holds this equal to pydantic.
    return (
        f'{{"subject":"{sealed.subject}","segment":"{sealed.segment}",'
        f'"commitment":"{sealed.commitment}","box":"{sealed.box}"}}'
    ).encode("ascii")
