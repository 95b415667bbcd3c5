"""An HL7 v2 message: what its sender wrote, split by the delimiters it declares, and no more.

Lazy: segments are split into fields once, fields into repetitions, components and subcomponents
when somebody asks, and escapes are resolved last. A general parser takes some 25 times as long;
live feeds would not mind, the replay of years does.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, TypeAlias

from consumers.hl7v2.charset import decode

#: A segment: its name, then its fields by their HL7 numbers; ``MSH-1`` is the separator itself.
Segment: TypeAlias = list[str]

#: An explicit null: the sender deletes the value. An empty field says nothing about it.
NULL: Final = '""'

_FRAMING: Final = b"\x0b\x1c"
_AROUND: Final = b"\r\n\t \x1a\x00\xef\xbb\xbf"
_HEAD: Final = re.compile(r"MSH([^\w\s\x00-\x1f])")
_LINE: Final = re.compile(r"[^\r\n]*")
_STANDARD: Final = "^~\\&"
#: What stands for a delimiter that the message does not have: a character of no text.
_ABSENT: Final = "\uffff"


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

    >>> message = Message(b"MSH|^~\\&|ADT|MERCY\rPID|1||9\\T\\8^^^MERCY~12^^^NHS||\"\"")
    >>> message.field("MSH", 4), message.field("PID", 8), message.field("PID", 5) == NULL
    ('MERCY', '', True)
    >>> [message.parts(each) for each in message.repetitions(message.field("PID", 3))]
    [['9&8', '', '', 'MERCY'], ['12', '', '', 'NHS']]
    """

    __slots__ = (
        "codec", "component", "declared", "delimiters", "escape", "first", "flags", "lines", "odd",
        "repetition", "segments", "separator", "subcomponent", "truncation", "unusual",
    )  # fmt: skip

    segments: list[Segment]  # in their order, repeated ones too
    lines: list[str]  # the same, not split
    first: dict[str, Segment]  # by name, the first one
    odd: list[str]  # lines that are no segments
    flags: tuple[str, ...]  # what was noticed while reading: "charset_suspect"
    codec: str
    declared: bool  # MSH-18 decided about the charset
    delimiters: str  # the separator, and those of MSH-2 as they hold
    unusual: bool  # these are not the usual ones

    def __init__(self, raw: bytes, *, charset: str = "utf-8") -> None:
        """Split ``raw``; ``charset``, a codec, holds where MSH-18 names none.

        Raises:
            NotAMessage: No MSH segment at the beginning.
        """
        text, self.codec, self.declared, flags = decode(unframed(raw), otherwise=charset)
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
        self.separator = head[1]
        self._take_delimiters(text, found)
        self.odd = []
        self.lines = self._split(text, found)
        separator = self.separator
        self.segments = [line.split(separator) for line in self.lines]
        self.first = {}
        for segment in self.segments:
            if segment[0] == "MSH":
                segment.insert(1, separator)
            self.first.setdefault(segment[0], segment)
        if self.odd:
            found.append("line.unknown")
        self.flags = tuple(found)

    def _take_delimiters(self, text: str, found: list[str]) -> None:
        line = _LINE.match(text, 4, 48)
        declared = line[0].split(self.separator, 1)[0] if line else ""
        marks, self.truncation, unusual = _marks(self.separator, declared)
        self.component, self.repetition, self.escape, self.subcomponent = marks
        if unusual:
            found.append("MSH-2.unusual")
        self.delimiters = self.separator + "".join(marks)
        self.unusual = self.delimiters != "|" + _STANDARD

    def _split(self, text: str, found: list[str]) -> list[str]:
        """Return the segments as lines; text lines inside a field stay with it.

        Segments end in CR, LF or both. Where CR ends them, a line after a lone LF that is no
        segment is text with a line break in it; where LF does, nobody can know: it is put aside.
        """
        lines: list[str] = []
        ends_in_cr = "\r" in text
        for chunk in text.replace("\r\n", "\r").split("\r") if ends_in_cr else (text,):
            after_lf = False
            for line in chunk.split("\n") if "\n" in chunk else (chunk,):
                if not line or line.isspace():
                    continue
                if _begins_segment(line[:4], self.separator):
                    lines.append(line)
                elif _begins_segment(line.lstrip()[:4], self.separator):
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

    def repetitions(self, field: str) -> list[str]:
        """Return the repetitions of a field as sent; none of an empty one."""
        return field.split(self.repetition) if field else []

    def parts(self, repetition: str) -> list[str]:
        """Return the components, escapes resolved, subcomponents still in them."""
        parts = repetition.split(self.component)
        if self.escape in repetition:
            return [self.plain(each) for each in parts]
        return parts

    def components(self, repetition: str) -> list[str]:
        """Return the components as sent, to be split further."""
        return repetition.split(self.component)

    def subcomponents(self, component: str) -> list[str]:
        """Return the subcomponents, escapes resolved."""
        return [self.plain(each) for each in component.split(self.subcomponent)]

    def code(self, field: str) -> str:
        """Return the first subcomponent of the first component that any repetition fills.

        Empty for an explicit null too: it is the caller who asks for that.
        """
        if not field or field.isalnum():
            return field  # neither letters nor digits delimit anything
        for repetition in self.repetitions(field):
            value = repetition.split(self.component, 1)[0].split(self.subcomponent, 1)[0].strip()
            if value and value != NULL:
                return self.plain(value)
        return ""

    def plain(self, text: str) -> str:
        r"""Resolve escapes; unknown ones stay as they are.

        >>> Message(b"MSH|^~\\&|").plain(r"a\F\b\.br\c\X4142\\H\d\Q\e")
        'a|b\ncAB\\H\\d\\Q\\e'
        """
        if self.escape not in text:
            return text
        meanings = {
            "F": self.separator, "S": self.component, "R": self.repetition, "E": self.escape,
            "T": self.subcomponent, "P": self.truncation or "#", ".br": "\n",
        }  # fmt: skip

        def resolve(found: re.Match[str]) -> str:
            return _resolved(found, meanings, self.codec)

        return _escapes(self.escape).sub(resolve, text).replace("\x00", "")


@lru_cache(maxsize=64)
def _marks(separator: str, declared: str) -> tuple[list[str], str, bool]:
    """Return the delimiters that hold, that of truncation, and whether MSH-2 says others.

    That of truncation (HL7 2.7 and later) ends a value that its sender cut.
    """
    usable = [
        each
        for index, each in enumerate(declared)
        if not each.isalnum() and each not in declared[:index]
    ]
    unusual = len(usable) < len(declared) or len(declared) not in {4, 5}
    for standard in _STANDARD[len(usable) : 4]:
        taken = standard in usable or standard == separator
        usable.append(_ABSENT if taken else standard)
    return usable[:4], "".join(usable[4:5]), unusual


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


@lru_cache(maxsize=64)
def _escapes(escape: str) -> re.Pattern[str]:
    """Match the escapes of HL7 v2.9.1 chapter 2, 2.7, each with both its ends.

    Those that stay verbatim are matched too, or the end of one would begin another.
    """
    end = re.escape(escape)
    return re.compile(
        rf"{end}(?:([FSRETP]|\.br)|X((?:[0-9A-Fa-f]{{2}})+)|[HN]|[CM][0-9A-Fa-f]+"
        rf"|\.[a-z]{{2}}[+-]?\d*|Z[^{end}]*){end}"
    )


def _resolved(found: re.Match[str], meanings: Mapping[str, str], codec: str) -> str:
    if found[1]:
        return meanings[found[1]]
    if found[2]:
        data = bytes.fromhex(found[2])
        try:
            return data.decode(codec)
        except UnicodeDecodeError:
            return data.decode("iso8859-1")
    return found[0]


def at(segment: Sequence[str] | None, number: int) -> str:
    """Return a field of a segment as sent; empty where it, or the whole segment, is missing."""
    return segment[number] if segment is not None and number < len(segment) else ""
