import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.hl7v2.files import split
from consumers.hl7v2.reader import Message, one_line_end
from tests.consumers.hl7v2.adt import adt

ONE, TWO, THREE = (adt(msh={10: name}) for name in ("M1", "M2", "M3"))


def pieces(data: bytes) -> list[bytes]:
    return list(split(data))


def same(data: bytes) -> list[bytes]:
    return [one_line_end(each) for each in split(data)]


@pytest.mark.parametrize(
    "end", [b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\n\n", b"\r\r\n", b"\r\n\n\n"]
)
@pytest.mark.parametrize("line", ["\r", "\n", "\r\n", "\r\r\n"])
def test_messages_are_split_with_any_line_ends(end: bytes, line: str) -> None:
    data = end.join(adt(msh={10: name}, end=line) for name in ("M1", "M2", "M3")) + end
    assert same(data) == [ONE, TWO, THREE]


def test_a_single_message_is_returned_as_sent() -> None:
    assert pieces(ONE) == [ONE]
    assert pieces(b"\xef\xbb\xbf" + ONE + b"\r\n") == [ONE]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_a_file_in_utf_16_is_split_into_messages_in_utf_16(codec: str, end: str) -> None:
    texts = ["MSH|^~\\&|A" + end + "PID|1||Zoë", "MSH|^~\\&|B" + end + "PID|2||Ł"]
    data = ("\ufeff" + "".join(each + end for each in texts)).encode(codec)
    assert list(split(data)) == [("\ufeff" + each).encode(codec) for each in texts]
    assert [Message(each).field("PID", 3) for each in split(data)] == ["Zoë", "Ł"]


def test_frames_are_removed_even_if_doubled() -> None:
    framed = b"".join(b"\x0b" + each + b"\r\x1c\r" for each in (ONE, TWO))
    assert pieces(framed) == [ONE, TWO]
    assert pieces(b"\x0b\x0b" + ONE + b"\r\x1c\r\x1c\r\n\x0b" + TWO + b"\x1c") == [ONE, TWO]


def test_a_frame_without_a_message_is_a_piece_of_its_own() -> None:
    assert pieces(b"\x0bhello\x1c\r\x0b" + ONE + b"\x1c\r") == [b"hello", ONE]
    assert pieces(b"\x0b" + ONE + b"\r\x1c\rstray\r\x0b" + TWO + b"\x1c\r") == [ONE, b"stray", TWO]


BATCH = b"FHS|^~\\&|A\rBHS|^~\\&|A\r%b\r%b\rBTS|%d\rBHS|^~\\&\r%b\rBTS|1\rFTS|%d\r"


def test_batches_are_split_and_their_counts_compared() -> None:
    warnings: list[str] = []
    data = BATCH % (ONE, TWO, 2, THREE, 2)
    assert list(split(data, warn=warnings.append)) == [ONE, TWO, THREE]
    assert not warnings


def test_a_wrong_count_is_a_warning_and_drops_nothing() -> None:
    warnings: list[str] = []
    data = BATCH % (ONE, TWO, 3, THREE, 5)
    assert list(split(data, warn=warnings.append)) == [ONE, TWO, THREE]
    assert warnings == ["batch.count_differs", "file.count_differs"]


@pytest.mark.parametrize("trailer", [b"BTS", b"BTS|", b"BTS|many", b"BTS|99999999999999999999|x"])
def test_a_trailer_without_a_valid_count_is_ignored(trailer: bytes) -> None:
    assert pieces(b"BHS|^~\\&\r" + ONE + b"\r" + trailer + b"\r") == [ONE]


def test_each_header_has_its_own_delimiters() -> None:
    warnings: list[str] = []
    data = b"FHS#*~\\&#x\rBHS#*~\\&\r" + ONE + b"\rBTS#2\rFTS#1"
    assert list(split(data, warn=warnings.append)) == [ONE]
    assert warnings == ["batch.count_differs"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_text_between_messages_is_a_piece_of_its_own(end: bytes) -> None:
    line = end.decode()
    messages = [adt(msh={10: name}, end=line) for name in ("M1", "M2")]
    data = end.join([b"garbage first", messages[0], b"not hl7 at all", messages[1], b"last", b""])
    assert same(data) == [b"garbage first", ONE, b"not hl7 at all", TWO, b"last"]


def test_segments_without_their_msh_are_a_piece_of_their_own() -> None:
    assert pieces(b"PID|1||1\rPV1|1\r\n" + ONE) == [b"PID|1||1\rPV1|1", ONE]


def test_a_field_with_line_breaks_stays_in_its_message() -> None:
    noted = ONE + b"\rNTE|1||first\nsecond\nthird"
    assert pieces(noted + b"\r\n\n" + TWO) == [noted, TWO]
    assert pieces(noted + b"\r\n\ngarbage\n\n" + TWO) == [noted, b"garbage", TWO]


def test_msh_within_a_line_does_not_begin_a_message() -> None:
    noted = ONE + b"\rNTE|1||see MSH|10 and MSHA|"
    assert pieces(noted) == [noted]


@pytest.mark.parametrize("data", [b"", b"\r\n", b"\x0b\x1c\r", b"\xef\xbb\xbf\n", b"FHS|\rFTS|0\r"])
def test_an_empty_file_has_no_messages(data: bytes) -> None:
    assert pieces(data) == []


def test_bytes_that_are_not_text_are_one_piece() -> None:
    assert pieces(b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe") == [b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe"]


PARTS = st.sampled_from(
    [ONE, TWO, b"\r", b"\n", b"\r\n", b"\x0b", b"\x1c\r", b"junk", b"FHS|^~\\&", b"BTS|3", b"PID|1",
     b"MSH", b"MSH|", b" ", b"\xff", b"\x00", b"ZZZ", b"NTE|1||a\nb"]
)  # fmt: skip
DROPPED = bytes.maketrans(b"", b""), b"\r\n\t \x0b\x1c\x1a\x00"


@given(st.lists(PARTS, max_size=30).map(b"".join))
def test_every_byte_except_framing_is_returned_once(data: bytes) -> None:
    def counted(of: bytes) -> dict[int, int]:
        bare = of.translate(*DROPPED)
        return {each: bare.count(each) for each in set(bare)}

    left_out = b"".join(
        line
        for line in data.replace(b"\n", b"\r")
        .replace(b"\x0b", b"\r")
        .replace(b"\x1c", b"\r")
        .split(b"\r")
        if line.lstrip(b"\t \x00")[:4] in {b"FHS|", b"BTS|"}
    )
    assert counted(b"".join(split(data)) + left_out) == counted(data)


@given(st.lists(PARTS, max_size=30).map(b"".join))
def test_a_piece_splits_into_itself(data: bytes) -> None:
    for piece in split(data):
        assert list(split(piece)) == [piece]
