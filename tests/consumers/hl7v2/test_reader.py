import pytest

from consumers.hl7v2.delimiters import NULL
from consumers.hl7v2.reader import Message, NotAMessage, one_line_end
from tests.consumers.hl7v2.adt import PID, adt


def test_msh_counts_its_separator_as_its_first_field() -> None:
    message = Message(adt())
    assert message.field("MSH", 1) == "|"
    assert message.field("MSH", 2) == "^~\\&"
    assert message.field("MSH", 10) == "M1"


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\r\n", "\n\n"])
def test_segments_may_end_in_any_way(end: str) -> None:
    assert Message(adt(end=end)).segments == Message(adt()).segments
    assert one_line_end(adt(end=end)) == adt()


def test_segments_may_end_in_several_ways_in_one_message() -> None:
    mixed = adt().replace(b"\rEVN", b"\nEVN").replace(b"\rPV1", b"\r\nPV1") + b"\n"
    assert Message(mixed).segments == Message(adt()).segments
    assert one_line_end(mixed) == adt()


def test_the_delimiters_are_those_of_the_message() -> None:
    theirs = adt().translate(bytes.maketrans(b"|^~\\&", b"#:*?!"))
    message = Message(theirs)
    delimiters = message.delimiters
    assert delimiters.unusual
    assert delimiters.written == "#:*?!"
    numbers = delimiters.repetitions(message.field("PID", 3))
    assert [delimiters.parts(each)[0] for each in numbers] == ["98765", "9434765919"]
    street = delimiters.components(message.field("PID", 11))[0]
    assert delimiters.subcomponents(street) == ["12 ELM ST", "ELM ST"]


def test_a_fifth_encoding_character_marks_what_was_cut() -> None:
    message = Message(adt(msh={2: "^~\\&#", 12: "2.7"}))
    assert message.delimiters.truncation == "#"
    assert not message.flags
    assert message.delimiters.plain("\\P\\") == "#"


@pytest.mark.parametrize("encoding", ["", "^", "^~", "^^~&", "a~\\&", "^~\\&#*%"])
def test_odd_encoding_characters_are_read_as_far_as_they_go(encoding: str) -> None:
    message = Message(b"MSH|" + encoding.encode() + b"|ADT|MERCY\rPID|1||98")
    assert message.flags == ("MSH-2.unusual",)
    assert message.field("MSH", 4) == "MERCY"
    assert message.field("PID", 3) == "98"


def test_the_usual_character_stands_in_unless_the_message_uses_it_otherwise() -> None:
    message = Message(b"MSH^~|\rPID^1^^9~8")
    assert message.delimiters[:3] == ("^", "~", "|")
    assert message.delimiters.parts(message.field("PID", 3)) == ["9", "8"]


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (r"a\F\b", "a|b"),
        (r"a\S\b", "a^b"),
        (r"a\R\b", "a~b"),
        (r"a\E\b", "a\\b"),
        (r"a\T\b", "a&b"),
        (r"one\.br\two", "one\ntwo"),
        (r"\X48656C6C6F\ ", "Hello "),
        (r"\H\bold\N\ ", "\\H\\bold\\N\\ "),
        (r"\H\T\N\ ", "\\H\\T\\N\\ "),
        (r"\Q\unknown", r"\Q\unknown"),
        (r"C:\temp", r"C:\temp"),
        (r"\X4\odd", r"\X4\odd"),
        (r"a\X00\b", "ab"),
        (r"\E\F\E\ ", "\\F\\ "),
    ],
)
def test_escapes_are_resolved_and_unknown_ones_stay(sent: str, meant: str) -> None:
    assert Message(b"MSH|^~\\&|").delimiters.plain(sent) == meant


def test_escapes_are_resolved_after_splitting() -> None:
    message = Message(adt(pid=PID.replace("98765^", r"98\S\765^")))
    first = message.delimiters.repetitions(message.field("PID", 3))[0]
    assert message.delimiters.parts(first)[:4] == ["98^765", "", "", "MERCY"]


def test_escaped_bytes_are_in_the_charset_of_the_message() -> None:
    raw = adt(pid=PID.replace("DOE", r"M\XC3BC\LLER")) + "\rZXX|ü".encode()
    for charset, family in (("utf-8", "MüLLER"), ("iso8859-1", "MÃ¼LLER")):
        message = Message(raw, charset=charset)
        assert message.delimiters.parts(message.field("PID", 5))[0] == family


def test_deleted_and_empty_stay_distinct() -> None:
    message = Message(adt(pid=PID.replace("|F|", '|""|')))
    assert message.field("PID", 8) == NULL
    assert message.field("PID", 9) == ""
    assert message.field("PID", 90) == ""
    assert message.field("ZZZ", 1) == ""


def test_repeated_segments_are_all_there() -> None:
    message = Message(adt("A01", "AL1|1|DA|A", "AL1|2|DA|B"))
    assert [each[3] for each in message.all("AL1")] == ["A", "B"]
    assert message.field("AL1", 3) == "A"


def test_framing_left_over_or_doubled_is_no_part_of_a_message() -> None:
    for raw in (b"\x0b" + adt() + b"\r\x1c\r", b"\x0b\x0b" + adt() + b"\r\x1c\r\x1c\r\n"):
        assert Message(raw).segments == Message(adt()).segments
        assert one_line_end(raw) == adt()


def test_a_byte_order_mark_and_blanks_before_it_are_no_part_of_a_message() -> None:
    for raw in (b"\xef\xbb\xbf" + adt(), b"\r\n  " + adt() + b"  \r\n\x1a"):
        assert Message(raw).segments == Message(adt()).segments


def test_a_line_break_inside_a_field_stays_in_it() -> None:
    message = Message(adt("A01", "NTE|1||first line\nsecond line"))
    assert message.field("NTE", 3) == "first line\nsecond line"
    assert message.flags == ("line.joined",)


def test_a_line_that_is_no_segment_is_put_aside() -> None:
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
def test_what_does_not_begin_with_msh_is_no_message(raw: bytes) -> None:
    with pytest.raises(NotAMessage):
        Message(raw)


def charset_of(raw: bytes, **given: str) -> tuple[str, tuple[str, ...]]:
    message = Message(raw, **given)
    return message.delimiters.parts(message.field("PID", 5))[0], message.flags


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("UNICODE UTF-8", "utf-8"), ("UTF-8", "utf-8"), ("UNICODE", "utf-8"),
        ("unicode utf-8", "utf-8"), ("8859/1", "iso8859-1"), ("8859/15", "iso8859-15"),
        ("UNICODE UTF-8~8859/1", "utf-8"), ("ISO-8859-2", "iso8859-2"),
    ],
)  # fmt: skip
def test_msh_18_names_the_charset(name: str, codec: str) -> None:
    raw = adt(msh={18: name}).decode().replace("DOE", "MÜLLER").encode(codec)
    assert charset_of(raw) == ("MÜLLER", ())
    assert charset_of(raw, charset="cp1252") == ("MÜLLER", ())


def test_without_msh_18_the_charset_is_the_senders() -> None:
    raw = adt().decode().replace("DOE", "MÜLLER").encode("iso8859-1")
    assert charset_of(raw, charset="iso8859-1") == ("MÜLLER", ())
    assert charset_of(raw) == ("MÜLLER", ("charset_suspect",))


def test_an_unknown_charset_is_flagged_and_the_senders_holds() -> None:
    raw = adt(msh={18: "ISO IR 999"}).decode().replace("DOE", "MÜLLER").encode()
    assert charset_of(raw) == ("MÜLLER", ("MSH-18.unknown",))


def test_bytes_that_are_invalid_in_their_charset_are_read_as_latin_1_and_flagged() -> None:
    raw = adt(msh={18: "ASCII"}).decode().replace("DOE", "MÜLLER").encode("iso8859-1")
    assert charset_of(raw) == ("MÜLLER", ("charset_suspect",))


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_told_by_its_bytes(codec: str) -> None:
    raw = adt().decode().replace("DOE", "MÜLLER").encode(codec)
    assert charset_of(raw) == ("MÜLLER", ())
