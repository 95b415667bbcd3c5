import pytest

from consumers.hl7v2.delimiters import NULL
from consumers.hl7v2.reader import Message, NotAMessage, one_line_end
from tests.consumers.hl7v2.adt import PID, adt


def test_the_separator_is_the_first_field_of_msh() -> None:
    message = Message(adt())
    assert message.field("MSH", 1) == "|"
    assert message.field("MSH", 2) == "^~\\&"
    assert message.field("MSH", 10) == "M1"


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\r\n", "\n\n"])
def test_segments_are_split_with_any_line_ends(end: str) -> None:
    assert Message(adt(end=end)).segments == Message(adt()).segments
    assert one_line_end(adt(end=end)) == adt()


def test_segments_are_split_with_different_line_ends_in_one_message() -> None:
    mixed = adt().replace(b"\rEVN", b"\nEVN").replace(b"\rPV1", b"\r\nPV1") + b"\n"
    assert Message(mixed).segments == Message(adt()).segments
    assert one_line_end(mixed) == adt()


def test_a_deleted_and_an_empty_field_stay_different() -> None:
    message = Message(adt(pid=PID.replace("|F|", '|""|')))
    assert message.field("PID", 8) == NULL
    assert message.field("PID", 9) == ""
    assert message.field("PID", 90) == ""
    assert message.field("ZZZ", 1) == ""


def test_all_repeated_segments_are_kept() -> None:
    message = Message(adt("A01", "AL1|1|DA|A", "AL1|2|DA|B"))
    assert [each[3] for each in message.all("AL1")] == ["A", "B"]
    assert message.field("AL1", 3) == "A"


def test_frame_marks_are_not_part_of_a_message() -> None:
    for raw in (b"\x0b" + adt() + b"\r\x1c\r", b"\x0b\x0b" + adt() + b"\r\x1c\r\x1c\r\n"):
        assert Message(raw).segments == Message(adt()).segments
        assert one_line_end(raw) == adt()


def test_a_byte_order_mark_and_blanks_are_not_part_of_a_message() -> None:
    for raw in (b"\xef\xbb\xbf" + adt(), b"\r\n  " + adt() + b"  \r\n\x1a"):
        assert Message(raw).segments == Message(adt()).segments


def test_a_line_break_within_a_field_stays_in_it() -> None:
    message = Message(adt("A01", "NTE|1||first line\nsecond line"))
    assert message.field("NTE", 3) == "first line\nsecond line"
    assert message.flags == ("line.joined",)


def test_a_line_that_is_not_a_segment_is_kept_apart() -> None:
    message = Message(adt(end="\n") + b"\nthis is nothing")
    assert message.odd == ["this is nothing"]
    assert message.flags == ("line.unknown",)
    assert message.segments == Message(adt()).segments


def test_indented_segments_are_segments() -> None:
    assert Message(adt(end="\n    ")).segments == Message(adt()).segments


def test_zero_bytes_are_dropped_and_flagged() -> None:
    message = Message(adt(pid=PID.replace("JANE", "JA\x00NE")))
    assert message.flags == ("nul_dropped",)
    assert "JANE" in message.field("PID", 5)


@pytest.mark.parametrize(
    "raw",
    [b"", b"\r\n", b"PID|1||98765", b"MSH", b"MSHX^~\\&", b"MSH\r|^~\\&", b"hello MSH|^~\\&|"],
)
def test_bytes_that_do_not_begin_with_msh_are_refused(raw: bytes) -> None:
    with pytest.raises(NotAMessage):
        Message(raw)
