"""The library python-hl7 reads every field of every segment as we do."""

import os
from collections import Counter
from pathlib import Path

import hl7
import pytest

from commands.ports.intake import Disposition
from consumers.hl7v2.files import split
from consumers.hl7v2.reader import Message
from consumers.hl7v2.translate import read
from domain.ids import DEVELOPMENT_KEY, IdKey
from tests.consumers.hl7v2.adt import PID, adt, pv1, reading

#: The typed fields that are read most: segment, field, component.
TYPED = [
    ("MSH", 3, 1), ("MSH", 4, 1), ("MSH", 7, 1), ("MSH", 9, 1), ("MSH", 9, 2), ("MSH", 10, 1),
    ("MSH", 11, 1), ("MSH", 12, 1), ("EVN", 2, 1), ("PID", 3, 1), ("PID", 3, 4), ("PID", 5, 1),
    ("PID", 5, 2), ("PID", 7, 1), ("PID", 8, 1), ("PV1", 2, 1), ("PV1", 3, 1), ("PV1", 3, 2),
    ("PV1", 3, 3), ("PV1", 19, 1), ("PV1", 44, 1),
]  # fmt: skip


def assert_alike(raw: bytes) -> int:
    """Compare every field as sent, and typed ones with escapes resolved; return their number."""
    ours = Message(raw)
    theirs = hl7.parse("\r".join(ours.lines))
    compared = 0
    assert [segment[0] for segment in ours.segments] == [str(each[0]) for each in theirs]
    for segment, other in zip(ours.segments, theirs, strict=True):
        assert list(segment) == [str(each) for each in other]
        compared += len(segment)
    for name, field, component in TYPED:
        if name not in ours.first or not ours.field(name, field):
            continue
        parts = ours.delimiters.components(ours.delimiters.repetitions(ours.field(name, field))[0])
        if component <= len(parts):
            first = ours.delimiters.subcomponents(parts[component - 1])[0]
            assert first == theirs.extract_field(name, 1, field, 1, component)
        compared += 1
    return compared


@pytest.mark.parametrize(
    "raw",
    [
        adt(),
        adt("A40", "MRG|11111^^^MERCY^MR||A9||V9^^^^VN"),
        adt(pid=PID.replace("DOE", r"O\S\DOE\R\ \F\ \E\ \T\ ")),
        adt(visit=pv1(f44="202603011415", f7="1^A^B~2^C^D")),
        adt("A01", "AL1|1|DA|A", "AL1|2|DA|B^C&D~E", "ZXX|1||3"),
        adt(pid='PID|1||1^^^A||""||""'),
    ],
)
def test_a_message_is_read_as_another_library_reads_it(raw: bytes) -> None:
    assert assert_alike(raw) > 50


@pytest.fixture(scope="module")
def feed() -> list[bytes]:
    return list(split(Path(os.environ["CARETRAIL_FEED"]).read_bytes()))


@pytest.mark.feed
def test_the_public_feed_is_read_as_another_library_reads_it(feed: list[bytes]) -> None:
    assert len(feed) == 1013
    assert sum(map(assert_alike, feed)) > 100_000


@pytest.mark.feed
def test_every_message_of_the_public_feed_has_a_disposition(feed: list[bytes]) -> None:
    context = reading()
    messages = [read(each, context=context) for each in feed]
    assert Counter((each.disposition, each.trigger) for each in messages) == {
        (Disposition.RECORDED, "A01"): 400,
        (Disposition.RECORDED, "A34"): 1,
        (Disposition.NO_EFFECT, "ORU^R01"): 610,
        (Disposition.NO_EFFECT, "MDM^T02"): 2,
    }
    assert len({each.key for each in messages}) == 1013
    (merge,) = (each.drafts[0].core for each in messages if each.trigger == "A34")
    key = IdKey(DEVELOPMENT_KEY)
    assert merge.record == key.record("SIMULATOR MRN", "2777246431", "T")
    assert merge.merged == key.record("SIMULATOR MRN", "618454581", "T")
