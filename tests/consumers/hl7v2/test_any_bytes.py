"""Any input is accounted for: reading never raises, and its result is complete."""

from datetime import UTC, datetime
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from commands.ports.intake import Disposition, IncomingMessage, MessageOutcome
from consumers.hl7v2 import ack
from consumers.hl7v2.files import split
from consumers.hl7v2.translate import read
from domain.catalogue import STATEMENT_TOPICS
from domain.encoding import make_body
from domain.interpretation import interpret
from domain.statement import Statement
from domain.triggers import TRIGGERS
from infra.mllp_client import code_of
from tests.consumers.hl7v2 import mangling
from tests.consumers.hl7v2.adt import PID, adt, pv1, reading

CONTEXT = reading("""
    [sender.default]
    movement_ids = true
    zone = "America/New_York"
    trusted = [{authority = "MERCY"}]
    part2_units = [{unit = "4W"}]
    file_under = "NHS"
""")
_core = TypeAdapter(Statement)
NOW = datetime(2026, 3, 1, 15, tzinfo=UTC)

BASES = [
    adt(trigger, "MRG|11112^^^MERCY^MR||A9||V9^^^^VN", "ZBE|1|2|3|INSERT|N", visit=pv1(f44="2026"))
    for trigger in sorted(TRIGGERS)
]
SCRAPS = st.sampled_from([
    b"|", b"^", b"~", b"\\", b"&", b"\r", b"\n", b'""', b"\x00", b"\xff", b"\xc3\xbc", b"\x1c",
    b"\x0b", b"MSH|", b"\rPID|", b"\rMRG|", b"\rPV1|", b"\\X00\\", b"\\F\\", b"20260230", b"0001",
    b"+9999",
    b"99991231235959.9999-1400", b"#", b"\xe2\x80\xa8", b"\xad", b"UNICODE", b"T",
])  # fmt: skip


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """Draw a valid message and overwrite up to six parts of it."""
    raw = bytearray(draw(st.sampled_from(BASES)))
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(raw)))
        end = draw(st.integers(start, min(start + 40, len(raw))))
        raw[start:end] = draw(SCRAPS | st.binary(max_size=4))
    return bytes(raw)


def assert_whole(message: IncomingMessage, raw: bytes) -> None:
    assert message.raw == raw
    assert message.key
    assert (message.disposition is Disposition.RECORDED) == bool(message.drafts)
    assert (message.disposition is Disposition.RECORDED) == (not message.reason)
    for draft in message.drafts:
        assert draft.topic == STATEMENT_TOPICS[draft.core.trigger]
        assert draft.subjects[0] == draft.core.record
        assert {each.subject for each in draft.segments} <= set(draft.subjects)
        # As it is stored and published: what pydantic validates, and no character JSON or
        # PostgreSQL would refuse.
        text = _core.dump_json(draft.core)
        assert _core.validate_json(text) == draft.core
        assert b"\\u0000" not in text
        assert not any(b"\\u0000" in each.text for each in draft.segments)


@given(mangled())
def test_a_message_mangled_in_any_way_is_accounted_for(raw: bytes) -> None:
    message = read(raw, context=CONTEXT)
    assert_whole(message, raw)
    again = read(raw, context=CONTEXT)
    assert again.key == message.key
    assert [each.core for each in again.drafts] == [each.core for each in message.drafts]


@settings(deadline=None)  # some of these messages are large
@given(st.integers(0, 2**40))
def test_a_message_mangled_in_larger_ways_is_read_recorded_and_answered(seed: int) -> None:
    raw = mangling.mangled(Random(seed))
    message = read(raw, context=CONTEXT)
    assert message.reason != "reading_failed"
    assert_whole(message, raw)
    for draft in message.drafts:
        make_body(draft.core)
    assert len(interpret([each.core for each in message.drafts])) <= len(message.drafts)
    outcome = MessageOutcome(
        disposition=message.disposition,
        message_id=message.message_id,
        first=message.disposition,
        reason=message.reason,
        place=message.place,
    )
    answer = ack.acknowledge(raw, outcome, control_id="1", now=NOW)
    assert code_of(answer.message.replace(b"\x00", b"")) in {answer.code, ""}
    assert ack.enhanced(raw, outcome, new_control_id=lambda: "1", now=NOW) is not None


@given(st.binary(max_size=120))
def test_any_bytes_are_accounted_for(raw: bytes) -> None:
    assert_whole(read(raw, context=CONTEXT), raw)


@given(st.text(max_size=120), st.sampled_from(["utf-8", "utf-16", "utf-16-le", "iso8859-1"]))
def test_any_text_after_msh_is_accounted_for(text: str, codec: str) -> None:
    raw = f"MSH|^~\\&|{text}".encode(codec, "replace")
    assert_whole(read(raw, context=CONTEXT), raw)


@given(st.lists(mangled(), max_size=4), st.sampled_from([b"\r", b"\n", b"\r\n\r\n", b"\x1c\r\x0b"]))
def test_every_piece_of_a_file_is_accounted_for(messages: list[bytes], between: bytes) -> None:
    for piece in split(between.join(messages)):
        assert_whole(read(piece, context=CONTEXT), piece)


@given(st.permutations(PID.split("|")[1:]))
def test_fields_in_wrong_places_are_accounted_for(fields: list[str]) -> None:
    raw = adt(pid="PID|" + "|".join(fields), visit="PV1|" + "|".join(reversed(fields)))
    assert_whole(read(raw, context=CONTEXT), raw)
