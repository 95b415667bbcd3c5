"""The MAC of a record: the parts that it covers, and the forgeries that it shows."""

import hmac
from dataclasses import dataclass, replace
from hashlib import sha256

import msgspec
import pytest

from infra.cloud_events import encode_headers
from infra.master_key import MasterKey
from infra.record_mac import HEADER, PURPOSE, RecordMac
from tests.topic_samples import event

KEY = bytes(range(32))
MAC = RecordMac(KEY)


@dataclass(frozen=True)
class Record:
    """A record as a client of Kafka gives it."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


def published() -> Record:
    """Return a record that we have published."""
    envelope = event(7, 3, 5).envelope
    headers = encode_headers(envelope, b"incarnation")
    key, value = envelope.stream.encode(), b'{"envelope":{},"body":{}}'
    mac = MAC.header("care.events.v1", 5, key=key, value=value, headers=headers)
    return Record("care.events.v1", 5, key, value, [*headers, mac])


def test_a_record_that_we_published_is_ours() -> None:
    assert MAC.forgery(published()) is None


def test_every_part_of_a_record_is_covered() -> None:
    true = published()
    changed = [
        replace(true, topic="care.events.v1.g2"),
        replace(true, partition=6),
        replace(true, key=b"another"),
        replace(true, key=None),
        replace(true, value=(true.value or b"") + b" "),
        replace(true, value=None),
        replace(true, headers=[*true.headers[1:-1], true.headers[-1]]),
        replace(true, headers=[("more", b""), *true.headers]),
    ]
    for index, (name, text) in enumerate(true.headers[:-1]):
        other = list(true.headers)
        other[index] = (name, (text or b"") + b"1")
        changed.append(replace(true, headers=other))
    for other_record in changed:
        assert MAC.forgery(other_record) == "wrong_mac"


@pytest.mark.parametrize("text", [b"", b"0" * 64, None, "ü".encode()])
def test_a_wrong_mac_is_no_mac_of_ours(text: bytes | None) -> None:
    true = published()
    assert MAC.forgery(replace(true, headers=[*true.headers[:-1], (HEADER, text)])) == "wrong_mac"


def test_a_record_without_a_mac_at_its_end_is_not_ours() -> None:
    true = published()
    assert MAC.forgery(replace(true, headers=true.headers[:-1])) == "no_mac"
    assert MAC.forgery(replace(true, headers=[])) == "no_mac"
    assert MAC.forgery(replace(true, headers=[*true.headers, ("more", b"")])) == "no_mac"


def test_another_key_makes_another_mac() -> None:
    assert RecordMac(bytes(32)).forgery(published()) == "wrong_mac"


def test_the_mac_is_hmac_sha_256_over_the_parts_in_messagepack() -> None:
    true = published()
    parts = (true.topic, true.partition, true.key, true.value, true.headers[:-1])
    made = hmac.new(KEY, msgspec.msgpack.encode(parts), sha256).hexdigest()
    assert true.headers[-1] == (HEADER, made.encode())


def test_the_key_is_derived_from_the_master_key_and_never_shown() -> None:
    master = MasterKey(KEY)
    key = master.derived(PURPOSE)
    assert key == master.derived(PURPOSE)
    assert key not in {master.derived("another"), KEY}
    assert repr(key) not in repr(RecordMac(key))
