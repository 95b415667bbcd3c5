"""Authenticate the records of our topics: a person who can write to a topic cannot make an event.

Each record has a header with HMAC-SHA-256 (RFC 2104) over its topic, partition, key, value and
other headers, under a key of the installation. A record without it, or with another one, is not an
event of ours. Neither is a record that was moved to another topic or partition. A record that was
written twice is a repeat: its index is not greater than the last one of its partition.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

import msgspec

#: The header of the MAC, in lower-case hex; an extension attribute of CloudEvents 1.0.
HEADER: Final = "ce_mac"
#: The purpose for which the key is derived from the master key.
PURPOSE: Final = "record mac"

#: Why a record is refused.
Forgery: TypeAlias = Literal["no_mac", "wrong_mac"]
#: Names and values, in the order of the record.
Headers: TypeAlias = Sequence[tuple[str, bytes | None]]

#: MessagePack writes lengths before texts, so different records never look equal.
_encode: Final = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True, slots=True)
class RecordMac:
    """Makes and checks the MAC of records, under one key."""

    key: bytes = field(repr=False)

    def header(
        self, topic: str, partition: int, *, key: bytes, value: bytes, headers: Headers
    ) -> tuple[str, bytes]:
        """Return the header that authenticates a record with these other headers."""
        return HEADER, self._digest(topic, partition, key, value, headers)

    def forgery(self, record: Any) -> Forgery | None:  # the client has no types
        """Return why a record that was read is refused; None if we have published it."""
        headers = record.headers
        if not headers or headers[-1][0] != HEADER:
            return "no_mac"
        made = self._digest(
            record.topic, record.partition, record.key or b"", record.value or b"", headers[:-1]
        )
        return None if hmac.compare_digest(made, headers[-1][1] or b"") else "wrong_mac"

    def _digest(
        self, topic: str, partition: int, key: bytes, value: bytes, headers: Headers
    ) -> bytes:
        text = _encode((topic, partition, key, value, headers))
        return hmac.digest(self.key, text, "sha256").hex().encode()
