"""Events as CloudEvents 1.0 in binary mode: headers and values."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from commands.ports.topic import Link
from domain.body import Actor
from infra.cloud_events import (
    NotAnEvent,
    decode_link,
    decode_value,
    encode_headers,
    encode_value,
    milliseconds,
)
from tests.topic_samples import INCARNATION, event


def test_a_value_reads_back_as_its_event_with_the_body_byte_for_byte() -> None:
    odd = b'{"core":  {"b":1.50,\n "a":"\\u00e9\xc3\xa9"} }'
    each = replace(event(7, 3, 2), body=odd)
    assert decode_value(encode_value(each)) == each
    assert (
        json.loads(encode_value(each))["envelope"]["recorded_at"] == "2026-03-01T08:00:00.007000Z"
    )


@pytest.mark.parametrize("value", [b"", b"null", b'{"envelope":{}}', b"\xff\xfe", b"[1"])
def test_a_value_that_is_not_an_event_is_refused(value: bytes) -> None:
    with pytest.raises(NotAnEvent):
        decode_value(value)


def test_headers_are_those_of_cloudevents() -> None:
    envelope = replace(event(7, 3, 2).envelope, actor=Actor(issuer="GH", subject="ADT 1/ü"))
    assert dict(encode_headers(envelope, INCARNATION.encode())) == {
        "ce_specversion": b"1.0",
        "content-type": b"application/json",
        "ce_id": envelope.event_id.encode(),
        "ce_source": b"/feed/GH/ADT%201%2F%C3%BC",
        "ce_type": b"org.caretrail.encounter.admitted.v1",
        "ce_subject": envelope.stream.encode(),
        "ce_partitionkey": envelope.stream.encode(),
        "ce_time": b"2026-03-01T08:00:00+00:00",
        "ce_notificationid": b"7",
        "ce_previousid": b"3",
        "ce_incarnation": INCARNATION.encode(),
    }


def test_headers_leave_out_an_unknown_time_and_do_not_name_a_person() -> None:
    person = Actor(kind="person", issuer="https://id.example", subject="j.smith")
    envelope = replace(event(7, 3, 2).envelope, happened_at=None, actor=person)
    headers = dict(encode_headers(envelope, b""))
    assert "ce_time" not in headers
    assert headers["ce_source"] == b"/caretrail"


def test_the_chain_is_read_from_headers_alone() -> None:
    each = event(7, 3, 2).envelope
    headers = encode_headers(each, INCARNATION.encode())
    assert decode_link(2, 40, headers) == Link(2, 40, 7, 3, each.event_id, INCARNATION)
    assert decode_link(2, 40, [("ce_id", b"x"), ("ce_notificationid", None)]).index == 0


def test_the_time_of_a_record_is_its_recorded_at_in_milliseconds() -> None:
    assert milliseconds(datetime(2026, 3, 1, 8, 0, 0, 7999, tzinfo=UTC)) == 1772352000007
