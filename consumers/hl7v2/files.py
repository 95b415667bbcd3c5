"""Split files into messages: one or many, with or without frames and batches, any line ends.

Nothing is dropped. Text between messages is returned as a piece of its own, which is then counted
as unreadable.
"""

import codecs
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final

_BOM: Final = b"\xef\xbb\xbf"
_UTF_16: Final = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_AROUND: Final = b"\r\n\t \x0b\x1c\x1a\x00"
#: A line that begins a message, or opens or closes a batch or a file of batches.
_BOUNDARY: Final = re.compile(
    rb"(?:(?<=[\r\n\x0b\x1c])|(?<=\xef\xbb\xbf)|\A)[\t \x00]*"
    rb"(?P<name>(?:MSH|FHS|BHS|BTS|FTS)(?=[^\w\s\x00-\x1f])|(?:BTS|FTS)(?=[\r\n\x0b\x1c]|\Z))",
    re.ASCII,
)
_HEADER: Final = re.compile(rb"[^\r\n\x0b\x1c]*")
#: A line and its end.
_LINE: Final = re.compile(rb"([^\r\n]*)(\r\n|\r|\n|\Z)")
_SEGMENT: Final = re.compile(rb"[\t ]*[A-Z][A-Z0-9]{2}(?:[^\w\s]|[\t ]*\Z)", re.ASCII)


def split(data: bytes, *, warn: Callable[[str], None] | None = None) -> Iterator[bytes]:
    r"""Yield the messages of a file as sent, without frames and the blank lines around them.

    Headers and trailers of batches are left out. If BTS-1 or FTS-1 states another count than the
    messages or batches found, ``warn`` is called with ``batch.count_differs`` or
    ``file.count_differs``; all messages are still returned.

    >>> list(split(b"FHS|^~\\&|\rMSH|^~\\&|A\rPID|1\r\n\nhello\n\x0bMSH|^~\\&|B\r\x1c\rBTS|1\r"))
    [b'MSH|^~\\&|A\rPID|1', b'hello', b'MSH|^~\\&|B']
    """
    for mark, codec in _UTF_16:
        if data.startswith(mark) and (text := _decoded(data[len(mark) :], codec)) is not None:
            # The file is split as UTF-8. Each message is encoded again and gets the byte order
            # mark, by which its encoding is recognised.
            for piece in split(text.encode(), warn=warn):
                yield mark + piece.decode().encode(codec)
            return
    counts = _BatchCounts(warn or (lambda _code: None))
    boundaries = list(_BOUNDARY.finditer(data))
    starts = [*(each.start("name") for each in boundaries), len(data)]
    yield from _piece(data[: starts[0]])
    for boundary, (start, end) in zip(boundaries, pairwise(starts), strict=True):
        if boundary["name"] == b"MSH":
            counts.count_message()
            yield from _message(data[start:end])
            continue
        header = _HEADER.match(data, start, end)
        behind = header.end() if header else end
        counts.read(data[start:behind])
        yield from _piece(data[behind:end])


def _decoded(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return None


def _piece(rest: bytes) -> Iterator[bytes]:
    """Yield text that is not part of a message, unless it is only frame marks and blank lines."""
    bare = rest.removeprefix(_BOM).strip(_AROUND).removeprefix(_BOM)
    if bare:
        yield bare


def _message(block: bytes) -> Iterator[bytes]:
    """Yield a message, and the text after it that is not part of it."""
    end = _end_of_message(block)
    yield block[:end].strip(_AROUND)
    yield from _piece(block[end:])


def _end_of_message(block: bytes) -> int:
    """Return where a message ends: at the end of its frame, or after its last segment.

    A line that begins with no segment name is the rest of a field if no blank line is before it and
    it has a field or component separator, or if it comes after a lone LF and segments end in CR.
    Other lines after the last segment do not belong to the message.
    """
    frame = block.find(b"\x1c")
    limit = frame if frame >= 0 else len(block)
    if limit == len(block) and not _suspicious(block):
        return limit
    end = 0
    before = b""
    ends_in_cr = blank = False
    separators = re.compile(b"[" + re.escape(block[3:5]) + b"]")
    for line in _LINE.finditer(block, 0, limit):
        text, terminator = line[1], line[2]
        if _SEGMENT.match(text):
            end = line.end()
            ends_in_cr = ends_in_cr or terminator[:1] == b"\r"
            blank = False
        elif not text.strip(_AROUND):
            blank = True
        else:
            after_lf = ends_in_cr and before == b"\n" and end == line.start()
            if after_lf or (not blank and separators.search(text)):
                end = line.end()
        before = terminator
    return end


def _suspicious(block: bytes) -> bool:
    """Say whether the last line is not a segment; only then all lines must be checked."""
    body = block.rstrip(_AROUND)
    start = max(body.rfind(b"\r"), body.rfind(b"\n")) + 1
    return not _SEGMENT.match(body, start)


class _BatchCounts:
    """Counts messages and batches, and compares the counts with those of the trailers."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._messages = 0
        self._batches = 0

    def count_message(self) -> None:
        self._messages += 1

    def read(self, header: bytes) -> None:
        name = header[:3]
        if name == b"FHS":
            self._batches = 0
        elif name == b"BHS":
            self._messages = 0
        elif name == b"BTS":
            self._batches += 1
            self._compare(header, self._messages, "batch.count_differs")
            self._messages = 0
        elif name == b"FTS":
            self._compare(header, self._batches, "file.count_differs")

    def _compare(self, trailer: bytes, counted: int, code: str) -> None:
        stated = trailer.split(trailer[3:4])[1:2] if trailer[3:4] else []
        if stated and stated[0].strip().isdigit() and int(stated[0]) != counted:
            self._warn(code)
