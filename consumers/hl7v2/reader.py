"""An HL7 v2 message: what its sender wrote, split by the delimiters it declares, and no more.

Lazy: segments are split into fields once, fields into their parts when somebody asks. A general
parser takes some 25 times as long; live feeds would not mind, the replay of years does.
"""

import re
from functools import lru_cache
from typing import Final, TypeAlias

from consumers.hl7v2.charset import decode
from consumers.hl7v2.delimiters import Delimiters, delimiters_of

#: A segment: its name, then its fields by their HL7 numbers; ``MSH-1`` is the separator itself.
Segment: TypeAlias = tuple[str, ...]

_FRAMING: Final = b"\x0b\x1c"
_AROUND: Final = b"\r\n\t \x1a\x00\xef\xbb\xbf"
#: The separator, and what stands behind it: MSH-2 is at most so long.
_HEAD: Final = re.compile(r"MSH([^\w\s\x00-\x1f])([^\r\n]{0,44})")


class NotAMessage(Exception):
    """The bytes do not begin with an MSH segment and its delimiters."""


def unframed(raw: bytes) -> bytes:
    r"""Return ``raw`` without MLLP framing (doubled or left over), byte order mark, blank ends.

    >>> unframed(b"\x0b\x0bMSH|^~\\&|\r\x1c\r\x1c\r")
    b'MSH|^~\\&|'
    """
    if b"\x0b" in raw or b"\x1c" in raw:
        raw = raw.translate(None, _FRAMING)
    if raw[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return raw
    if raw[:1] == b"M":
        return raw.rstrip(b"\r\n\t \x1a\x00") if raw[1:2] != b"\x00" else raw
    return raw.lstrip(_AROUND).rstrip(b"\r\n\t \x1a\x00") if raw[:2] != b"\x00M" else raw


def one_line_end(raw: bytes) -> bytes:
    r"""Return the bytes with every run of line ends as one CR: what a key is made of.

    >>> one_line_end(b"\x0bMSH|^~\\&|\r\nPID|1\n\n\x1c\r")
    b'MSH|^~\\&|\rPID|1'
    """
    body = unframed(raw).replace(b"\n", b"\r")
    while b"\r\r" in body:
        body = body.replace(b"\r\r", b"\r")
    return body


def head_of(raw: bytes) -> bytes:
    r"""Return the first segment, of a message in one byte a character; else all of it.

    >>> head_of(b"\x0bMSH|^~\\&|A\nB|\rPID|1\r")
    b'MSH|^~\\&|A\nB|'
    """
    body = unframed(raw)
    if b"\x00" in body[:4] or body[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return body
    return body.partition(b"\r" if b"\r" in body else b"\n")[0]


class Message:
    r"""One message, as its sender wrote it.

    >>> message = Message(b"MSH|^~\\&|ADT|MERCY\rPID|1||9^^^MERCY~12^^^NHS||\"\"")
    >>> message.field("MSH", 4), message.field("PID", 8), message.field("PID", 5)
    ('MERCY', '', '""')
    >>> message.delimiters.repetitions(message.field("PID", 3))
    ['9^^^MERCY', '12^^^NHS']
    """

    __slots__ = ("declared", "delimiters", "first", "flags", "lines", "odd", "segments")

    segments: list[Segment]  # in their order, repeated ones too
    lines: list[str]  # the same, not split
    first: dict[str, Segment]  # by name, the first one
    odd: list[str]  # lines that are no segments
    flags: tuple[str, ...]  # what was noticed while reading: "charset_suspect"
    declared: bool  # MSH-18 decided about the charset
    delimiters: Delimiters

    def __init__(self, raw: bytes, *, charset: str = "utf-8") -> None:
        """Split ``raw``; ``charset``, a codec, holds where MSH-18 names none.

        Raises:
            NotAMessage: No MSH segment at the beginning.
        """
        text, codec, self.declared, flags = decode(unframed(raw), otherwise=charset)
        found = list(flags)
        if text[:1] == "\ufeff":
            text = text.lstrip("\ufeff \r\n\t").rstrip("\r\n\t \x00")
        if "\x00" in text:
            # No text type downstream can hold it, and it means nothing.
            text = text.replace("\x00", "")
            found.append("nul_dropped")
        head = _HEAD.match(text)
        if not head:
            raise NotAMessage
        separator, declared = head.groups()
        self.delimiters, regular = delimiters_of(separator, declared.split(separator, 1)[0], codec)
        if not regular:
            found.append("MSH-2.unusual")
        self.odd = []
        self.lines = self._split(text, found)
        self.segments = []
        self.first = {}
        for line in self.lines:
            segment = tuple(line.split(separator))
            if segment[0] == "MSH":
                segment = ("MSH", separator, *segment[1:])
            self.segments.append(segment)
            self.first.setdefault(segment[0], segment)
        if self.odd:
            found.append("line.unknown")
        self.flags = tuple(found)

    def _split(self, text: str, found: list[str]) -> list[str]:
        """Return the segments as lines; text lines inside a field stay with it.

        Segments end in CR, LF or both. Where CR ends them, a line after a lone LF that is no
        segment is text with a line break in it; where LF does, nobody can know: it is put aside.
        """
        lines: list[str] = []
        separator = self.delimiters.separator
        ends_in_cr = "\r" in text
        for chunk in text.replace("\r\n", "\r").split("\r") if ends_in_cr else (text,):
            after_lf = False
            for line in chunk.split("\n") if "\n" in chunk else (chunk,):
                if not line or line.isspace():
                    continue
                if _begins_segment(line[:4], separator):
                    lines.append(line)
                elif _begins_segment(line.lstrip()[:4], separator):
                    lines.append(line.lstrip())
                elif after_lf and ends_in_cr and lines:
                    lines[-1] += "\n" + line
                    found.append("line.joined")
                else:
                    self.odd.append(line)
                after_lf = True
        return lines

    def field(self, segment: str, number: int) -> str:
        """Return a field of the first such segment as sent; empty where there is none."""
        fields = self.first.get(segment)
        return fields[number] if fields is not None and number < len(fields) else ""

    def all(self, name: str) -> list[Segment]:
        """Return every segment of a name, in order."""
        return [segment for segment in self.segments if segment[0] == name]


@lru_cache(maxsize=1024)
def _begins_segment(head: str, separator: str) -> bool:
    """Tell whether four characters begin a segment: three of a name, and what separates."""
    name = head[:3]
    return (
        name[2:] != ""
        and name.isascii()
        and name.isalnum()
        and name.isupper()
        and head[3:] in {separator, ""}
    )


def at(segment: Segment | None, number: int) -> str:
    """Return a field of a segment as sent; empty where it, or the whole segment, is missing."""
    return segment[number] if segment is not None and number < len(segment) else ""
