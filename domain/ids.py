"""Ids that are derived, so that two readings of one message give the same ones.

Every ref is a keyed hash (HMAC-SHA256): a plain one could be enumerated back to record numbers,
and refs stand in Kafka keys and URLs. The input is the kind and then each part, as UTF-8 with its
length in front (8 bytes, big endian), so that no two inputs run together. Test vectors:
``docs/reference/ids.md``.
"""

import hmac
import unicodedata
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Literal, NewType, TypeAlias
from uuid import UUID

RecordId = NewType("RecordId", str)  # one (assigning authority, identifier, processing mode)
PatientId = NewType("PatientId", str)  # the record that a set of joined records answers with
EncounterId = NewType("EncounterId", str)  # the ref of the statement of the encounter sent first
StatementRef = NewType("StatementRef", str)
VisitRef = NewType("VisitRef", str)
PlaceRef = NewType("PlaceRef", str)
EventId = NewType("EventId", str)  # UUIDv7, drawn at intake
MessageId = NewType("MessageId", str)  # UUIDv7, drawn at intake

#: MSH-11.1, HL7 table 0103: production, training, debugging.
Mode: TypeAlias = Literal["P", "T", "D"]

#: The documented key of development. Stores outside the home refuse it.
DEVELOPMENT_KEY: Final = sha256(b"caretrail development id key, not for patients").digest()

_LENGTH: Final = 8


def normal(text: str) -> str:
    """Trim and compose (NFC) an identifier; case and zeros are kept, for they may count."""
    return unicodedata.normalize("NFC", text.strip())


@dataclass(frozen=True, slots=True)
class IdKey:
    """The key of one installation, and every id that is derived with it."""

    secret: bytes = field(repr=False)

    def _digest(self, kind: str, *parts: str) -> bytes:
        data = bytearray()
        for part in (kind, *parts):
            raw = part.encode("utf-8", "surrogatepass")
            data += len(raw).to_bytes(_LENGTH, "big") + raw
        return hmac.digest(self.secret, bytes(data), "sha256")

    def _uuid(self, kind: str, *parts: str) -> str:
        """Shape the first 16 bytes as a UUID of version 8 (RFC 9562, 5.8)."""
        raw = bytearray(self._digest(kind, *parts)[:16])
        raw[6] = raw[6] & 0x0F | 0x80
        raw[8] = raw[8] & 0x3F | 0x80
        return str(UUID(bytes=bytes(raw)))

    def ref(self, kind: str, *parts: str) -> str:
        """Return a ref of 22 characters (16 bytes, base64url) of whatever ``kind`` names."""
        return urlsafe_b64encode(self._digest(kind, *parts)[:16]).rstrip(b"=").decode()

    def record(self, authority: str, identifier: str, mode: Mode) -> RecordId:
        """Return the id of a source record; ``authority`` is the one after aliases."""
        return RecordId(self._uuid("record", normal(authority), normal(identifier), mode))

    def visit(self, namespace: str, number: str, mode: Mode) -> VisitRef:
        """Return the ref of a visit number in the namespace of its sender."""
        return VisitRef(self.ref("visit", normal(namespace), normal(number), mode))

    def place(self, facility: str, unit: str, room: str, bed: str) -> PlaceRef:
        """Return the ref of a place."""
        return PlaceRef(self.ref("place", *map(normal, (facility, unit, room, bed))))

    def statement(self, *parts: str) -> StatementRef:
        """Return the ref of a statement: source record, MSH-7, -3, -4, -10, content, pair."""
        return StatementRef(self._uuid("statement", *parts))

    def fingerprint(self) -> str:
        """Return what tells two keys apart without giving either away."""
        return self._digest("fingerprint").hex()[:32]
