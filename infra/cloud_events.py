"""Encode and decode an event for the topic: CloudEvents 1.0, with a JSON value.

The value is ``{"envelope": {...}, "body": <the stored body, byte for byte>}``. The key and the
headers hold ids, the kind of the event and its position in the log. They hold nothing that a
message states about a person.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote

import msgspec

from commands.ports.topic import Link
from domain.body import Actor, Envelope, RecordedEvent


@dataclass(frozen=True, slots=True)
class _Value:
    envelope: Envelope
    body: msgspec.Raw


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(_Value).decode


class NotAnEvent(ValueError):
    """A value in the topic that no relay of caretrail wrote."""


def encode_value(recorded: RecordedEvent) -> bytes:
    """Return the value to publish: the envelope, and the unchanged stored body."""
    return _encode(_Value(recorded.envelope, msgspec.Raw(recorded.body)))


def decode_value(value: bytes) -> RecordedEvent:
    """Return the event of a published value; its body is unchanged.

    Raises:
        NotAnEvent: No event has this value.
    """
    try:
        decoded = _decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotAnEvent from error
    return RecordedEvent(envelope=decoded.envelope, body=bytes(decoded.body))


@lru_cache(maxsize=4096)
def _kind(topic: str) -> tuple[str, bytes]:
    return "ce_type", b"org.caretrail." + topic.encode()


@lru_cache(maxsize=4096)
def _source(actor: Actor) -> tuple[str, bytes]:
    """Return the source header: the name of the feed, never the name of a person."""
    if actor.kind != "feed":
        return "ce_source", b"/caretrail"
    names = [quote(name, safe="") for name in (actor.issuer, actor.subject) if name]
    return "ce_source", "/".join(["/feed", *(names or ["default"])]).encode()


_SPECIFICATION: Final = ("ce_specversion", b"1.0")
_CONTENT: Final = ("content-type", b"application/json")


def encode_headers(envelope: Envelope, incarnation: bytes) -> list[tuple[str, bytes]]:
    """Return the headers: CloudEvents 1.0, binary content mode of its Kafka binding.

    The relay checks the chain of events by three extensions: ``notificationid``, ``previousid``,
    and ``incarnation``, which names the store that publishes.
    """
    stream = envelope.stream.encode()
    headers = [
        _SPECIFICATION,
        _CONTENT,
        ("ce_id", envelope.event_id.encode()),
        _source(envelope.actor),
        _kind(envelope.topic),
        ("ce_subject", stream),
        ("ce_partitionkey", stream),
        ("ce_notificationid", b"%d" % envelope.index),
        ("ce_previousid", b"%d" % envelope.previous),
        ("ce_incarnation", incarnation),
    ]
    if envelope.happened_at is not None:  # optional in CloudEvents; an unknown time is left out
        headers.append(("ce_time", envelope.happened_at.isoformat().encode()))
    return headers


def decode_link(partition: int, offset: int, headers: Iterable[tuple[str, bytes | None]]) -> Link:
    """Return the link that the headers state; index 0 if caretrail did not write them."""
    said = dict(headers)
    try:
        return Link(
            partition,
            offset,
            int(said["ce_notificationid"] or b""),
            int(said["ce_previousid"] or b""),
            (said["ce_id"] or b"").decode(),
            (said["ce_incarnation"] or b"").decode(),
        )
    except (KeyError, ValueError):
        return Link(partition, offset, 0, 0, "", "")


def milliseconds(instant: datetime) -> int:
    """Return an instant as Kafka states the timestamp of a record: milliseconds since 1970."""
    return int(instant.timestamp() * 1000)
