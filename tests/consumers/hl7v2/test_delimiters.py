"""Delimiters of a message, and its escapes."""

import pytest

from consumers.hl7v2.reader import Message
from tests.consumers.hl7v2.adt import PID, adt


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


def test_a_fifth_encoding_character_is_the_truncation_character() -> None:
    message = Message(adt(msh={2: "^~\\&#", 12: "2.7"}))
    assert message.delimiters.truncation == "#"
    assert not message.flags
    assert message.delimiters.plain("\\P\\") == "#"


@pytest.mark.parametrize("encoding", ["", "^", "^~", "^^~&", "a~\\&", "^~\\&#*%"])
def test_irregular_encoding_characters_are_flagged_and_the_message_is_read(encoding: str) -> None:
    message = Message(b"MSH|" + encoding.encode() + b"|ADT|MERCY\rPID|1||98")
    assert message.flags == ("MSH-2.unusual",)
    assert message.field("MSH", 4) == "MERCY"
    assert message.field("PID", 3) == "98"


def test_a_missing_encoding_character_has_its_usual_value_unless_that_is_taken() -> None:
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
