"""Read an HL7 v2 message: split it by the delimiters that it declares, without interpreting it.

Segments are split into fields once. A field is split into its parts only when it is read. A
general parser takes about 25 times as long, which matters when years of messages are read again.
"""

import re
from functools import lru_cache
from typing import Final, TypeAlias

from consumers.hl7v2.charset import decode
from consumers.hl7v2.delimiters import Delimiters, delimiters_of

#: A segment: its name at 0, then its fields at their HL7 numbers; ``MSH-1`` is the separator.
Segment: TypeAlias = tuple[str, ...]

_FRAMING: Final = b"\x0b\x1c"
_AROUND: Final = b"\r\n\t \x1a\x00\xef\xbb\xbf"
#: Segments that end in codes, numbers or times, not in free text.
_OF_CODES: Final = frozenset({"MSH", "EVN", "PV1", "MRG", "ZBE"})
#: The separator, and the text after it, in which MSH-2 ends.
_HEAD: Final = re.compile(r"MSH([^\w\s\x00-\x1f])([^\r\n]{0,44})")


class NotAMessage(Exception):
    """The bytes do not begin with an MSH segment and its delimiters."""


def unframed(raw: bytes) -> bytes:
    r"""Return ``raw`` without MLLP frame marks, byte order mark and blanks at its ends.

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
    r"""Return the bytes with every run of line ends as one CR; idempotency keys are made of them.

    >>> one_line_end(b"\x0bMSH|^~\\&|\r\nPID|1\n\n\x1c\r")
    b'MSH|^~\\&|\rPID|1'
    """
    body = unframed(raw).replace(b"\n", b"\r")
    while b"\r\r" in body:
        body = body.replace(b"\r\r", b"\r")
    return body


def head_of(raw: bytes) -> bytes:
    r"""Return the first segment of a message; all of it if it is in UTF-16.

    A line break within a field does not end it.

    >>> head_of(b"\x0bMSH|^~\\&|A\rB|\rPID|1\r")
    b'MSH|^~\\&|A\rB|'
    """
    body = unframed(raw)
    if b"\x00" in body[:4] or body[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return body
    following = _next_segment(body[3:4]).search(body)
    return body[: following.start()] if following else body


class Message:
    r"""One message as its sender wrote it.

    >>> message = Message(b"MSH|^~\\&|ADT|MERCY\rPID|1||9^^^MERCY~12^^^NHS||\"\"")
    >>> message.field("MSH", 4), message.field("PID", 8), message.field("PID", 5)
    ('MERCY', '', '""')
    >>> message.delimiters.repetitions(message.field("PID", 3))
    ['9^^^MERCY', '12^^^NHS']
    """

    __slots__ = ("declared", "delimiters", "first", "flags", "lines", "odd", "segments")

    segments: list[Segment]  # all, in their order
    lines: list[str]  # the same segments, not split
    first: dict[str, Segment]  # by name, the first segment with that name
    odd: list[str]  # lines that are not segments
    flags: tuple[str, ...]  # noticed while reading, such as "charset_suspect"
    declared: bool  # MSH-18 decided the charset
    delimiters: Delimiters

    def __init__(self, raw: bytes, *, charset: str = "utf-8") -> None:
        """Split ``raw`` into segments.

        Args:
            raw: The bytes of the message.
            charset: The codec to use if MSH-18 names no charset.

        Raises:
            NotAMessage: The bytes do not begin with an MSH segment.
        """
        text, codec, self.declared, flags = decode(unframed(raw), otherwise=charset)
        found = list(flags)
        if text[:1] == "\ufeff":
            text = text.lstrip("\ufeff \r\n\t").rstrip("\r\n\t \x00")
        if "\x00" in text:
            # PostgreSQL cannot store a NUL character in text, and it has no meaning in HL7.
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
        """Return the segments as lines; a line break within a field stays in its segment.

        Segments end in CR, LF or both. A line that begins with no segment name continues the field
        before it, and the message is flagged ``line.joined``. Two kinds of lines go to ``odd``: see
        ``_continues``.
        """
        lines: list[str] = []
        held: list[tuple[str, bool]] = []  # lines after a segment, and whether a lone LF is before
        separator = self.delimiters.separator
        ends_in_cr = "\r" in text
        for chunk in text.replace("\r\n", "\r").split("\r") if ends_in_cr else (text,):
            after_lf = False
            for line in chunk.split("\n") if "\n" in chunk else (chunk,):
                if _begins_segment(line[:4], separator):
                    begins = line
                elif not line or line.isspace():
                    continue
                elif _begins_segment(line.lstrip()[:4], separator):
                    begins = line.lstrip()
                else:
                    held.append((line, after_lf and ends_in_cr))
                    after_lf = True
                    continue
                if held:
                    self._join(lines, held, found)
                lines.append(begins)
                after_lf = True
        if held:
            self._join(lines, held, found)
        return lines

    def _join(self, lines: list[str], held: list[tuple[str, bool]], found: list[str]) -> None:
        """Append lines to the segment before them, or put them into ``odd``; then forget them."""
        if self._continues(lines[-1][:3], held):
            lines[-1] = "\n".join((lines[-1], *(line for line, _ in held)))
            if "line.joined" not in found:
                found.append("line.joined")
        else:
            self.odd += [line for line, _ in held]
        held.clear()

    def _continues(self, name: str, held: list[tuple[str, bool]]) -> bool:
        """Say whether lines continue the segment ``name``.

        A segment of codes and times does not end in free text. So lines without a delimiter after
        it are not part of it, such as a line of dashes between two messages. Exception: a lone LF
        in a message whose segments end in CR is always part of a field.
        """
        if name not in _OF_CODES:
            return True
        delimiters = self.delimiters
        return any(
            after_lf or delimiters.separator in line or delimiters.component in line
            for line, after_lf in held
        )

    def field(self, segment: str, number: int) -> str:
        """Return a field of the first segment with this name, as sent; empty if there is none."""
        fields = self.first.get(segment)
        return fields[number] if fields is not None and number < len(fields) else ""

    def all(self, name: str) -> list[Segment]:
        """Return every segment with this name, in order."""
        return [segment for segment in self.segments if segment[0] == name]


@lru_cache(maxsize=64)
def _next_segment(separator: bytes) -> re.Pattern[bytes]:
    """Return a pattern for a line end and the name of a segment after it."""
    after = re.escape(separator)
    return re.compile(rb"[\r\n][\t ]*[A-Z][A-Z0-9]{2}(?:%b|[\r\n]|\Z)" % after)


@lru_cache(maxsize=1024)
def _begins_segment(head: str, separator: str) -> bool:
    """Say whether four characters begin a segment: a name of three, then the separator."""
    name = head[:3]
    return (
        name[2:] != ""
        and name.isascii()
        and name.isalnum()
        and name.isupper()
        and head[3:] in {separator, ""}
    )


def at(segment: Segment | None, number: int) -> str:
    """Return a field of a segment as sent; empty if the field or the whole segment is missing."""
    return segment[number] if segment is not None and number < len(segment) else ""
