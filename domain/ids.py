"""Derive ids, so that two readings of one message give the same ids.

Every ref is a keyed hash (HMAC-SHA256). Refs are in Kafka keys and URLs, and a plain hash of a
record number could be found by trying all numbers. The input is the kind, followed by each part.
Each of them is UTF-8 after its length (8 bytes, big endian), so that different parts never give the
same input. ``docs/reference/ids.md`` has test vectors.
"""

import unicodedata
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Literal, NewType, TypeAlias

if TYPE_CHECKING:
    from hashlib import _Hash

RecordId = NewType("RecordId", str)  # one (assigning authority, identifier, processing mode)
StreamId = NewType("StreamId", str)  # an own stream, such as one referral; a UUID
PatientId = NewType("PatientId", str)  # the id of one of the joined records, chosen for all
EncounterId = NewType("EncounterId", str)  # the ref of the statement of the encounter sent first
StatementRef = NewType("StatementRef", str)
VisitRef = NewType("VisitRef", str)
PlaceRef = NewType("PlaceRef", str)
EventId = NewType("EventId", str)  # UUIDv7, drawn at intake
MessageId = NewType("MessageId", str)  # UUIDv7, drawn at intake

#: The stream that an event is filed in, or a record that it concerns.
Subject: TypeAlias = RecordId | StreamId

#: MSH-11.1, HL7 table 0103: production, training, debugging.
Mode: TypeAlias = Literal["P", "T", "D"]
MODES: Final[tuple[Mode, ...]] = ("P", "T", "D")

#: The documented key of development. Stores outside the home refuse it.
DEVELOPMENT_KEY: Final = sha256(b"caretrail development id key, not for patients").digest()

_LENGTH: Final = 8
_BLOCK: Final = 64  # bytes in a block of SHA-256


def drawn_at(message_id: MessageId) -> datetime:
    """Return when the id of a message was drawn: its UUIDv7 begins with the milliseconds.

    >>> drawn_at(MessageId("019cab1a-6f80-7000-8000-000000000000")).isoformat()
    '2026-03-01T20:32:42.368000+00:00'
    """
    return datetime.fromtimestamp(int(message_id[:8] + message_id[9:13], 16) / 1000, UTC)


def normal(text: str) -> str:
    """Trim and compose (NFC) a text; case and leading zeros are kept, because they may matter."""
    trimmed = text.strip()
    return trimmed if trimmed.isascii() else unicodedata.normalize("NFC", trimmed)


@lru_cache(maxsize=16)
def _pads(secret: bytes) -> "tuple[_Hash, _Hash]":
    """Return two SHA-256 states that have read the inner and the outer pad of HMAC (RFC 2104).

    Copying the states for each id costs less than half of ``hmac.digest``, which reads both pads
    each time.
    """
    block = (sha256(secret).digest() if len(secret) > _BLOCK else secret).ljust(_BLOCK, b"\0")
    return (
        sha256(bytes(byte ^ 0x36 for byte in block)),
        sha256(bytes(byte ^ 0x5C for byte in block)),
    )


@dataclass(frozen=True, slots=True)
class IdKey:
    """The key of one installation, and every id that is derived with it."""

    secret: bytes = field(repr=False)

    def digest(self, kind: str, *parts: str) -> bytes:
        """Return the keyed hash (32 bytes) of a kind and its parts."""
        inner, outer = (pad.copy() for pad in _pads(self.secret))
        for part in (kind, *parts):
            raw = part.encode("utf-8", "surrogatepass")
            inner.update(len(raw).to_bytes(_LENGTH, "big") + raw)
        outer.update(inner.digest())
        return outer.digest()

    def _uuid(self, kind: str, *parts: str) -> str:
        """Shape the first 16 bytes as a UUID of version 8 (RFC 9562, 5.8)."""
        digits = self.digest(kind, *parts).hex()
        variant = "89ab"[int(digits[16], 16) & 3]
        return (
            f"{digits[:8]}-{digits[8:12]}-8{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"
        )

    def ref(self, kind: str, *parts: str) -> str:
        """Return a ref of 22 characters (16 bytes, base64url); ``kind`` names the type of thing."""
        return urlsafe_b64encode(self.digest(kind, *parts)[:16]).rstrip(b"=").decode()

    def record(self, authority: str, identifier: str, mode: Mode) -> RecordId:
        """Return the id of a source record; ``authority`` has its aliases resolved."""
        return RecordId(self._uuid("record", normal(authority), normal(identifier), mode))

    def visit(self, namespace: str, number: str, mode: Mode) -> VisitRef:
        """Return the ref of a visit number in the namespace of its sender."""
        return VisitRef(self.ref("visit", normal(namespace), normal(number), mode))

    def place(
        self, facility: str, unit: str, room: str, bed: str, building: str = "", floor: str = ""
    ) -> PlaceRef:
        """Return the ref of a place. Building and floor are parts of the input if one is stated."""
        rest = (building, floor) if building or floor else ()
        parts = (facility, unit, room, bed, *rest)
        return PlaceRef(self.ref("place", *map(normal, parts)))

    def place_text(
        self, facility: str, text: str, room: str, bed: str, building: str, floor: str
    ) -> PlaceRef:
        """Return the ref of a place that a text names instead of the code of a unit."""
        parts = (facility, text, room, bed, building, floor)
        return PlaceRef(self.ref("place text", *map(normal, parts)))

    def stream(self, kind: str, *parts: str) -> StreamId:
        """Return the id of an own stream, from its number in another system or a request's key."""
        return StreamId(self._uuid("stream", kind, *parts))

    def statement(self, *parts: str) -> StatementRef:
        """Return the ref of a statement, from record, MSH-7, -3, -4, -10, content and pair."""
        return StatementRef(self._uuid("statement", *parts))

    def fingerprint(self) -> str:
        """Return a text that differs between keys and does not reveal the key."""
        return self.digest("fingerprint").hex()[:32]
