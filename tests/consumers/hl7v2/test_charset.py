"""The charset of a message: MSH-18, the profile of the sender, UTF-16."""

import pytest

from consumers.hl7v2.reader import Message
from tests.consumers.hl7v2.adt import adt


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


def test_without_msh_18_the_charset_of_the_sender_is_used() -> None:
    raw = adt().decode().replace("DOE", "MÜLLER").encode("iso8859-1")
    assert charset_of(raw, charset="iso8859-1") == ("MÜLLER", ())
    assert charset_of(raw) == ("MÜLLER", ("charset_suspect",))


def test_an_unknown_charset_is_flagged_and_the_one_of_the_sender_is_used() -> None:
    raw = adt(msh={18: "ISO IR 999"}).decode().replace("DOE", "MÜLLER").encode()
    assert charset_of(raw) == ("MÜLLER", ("MSH-18.unknown",))


def test_bytes_that_are_invalid_in_their_charset_are_read_as_latin_1_and_flagged() -> None:
    raw = adt(msh={18: "ASCII"}).decode().replace("DOE", "MÜLLER").encode("iso8859-1")
    assert charset_of(raw) == ("MÜLLER", ("charset_suspect",))


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_recognised_by_its_bytes(codec: str) -> None:
    raw = adt().decode().replace("DOE", "MÜLLER").encode(codec)
    assert charset_of(raw) == ("MÜLLER", ())
