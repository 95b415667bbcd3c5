"""Files of messages, in whatever shape: one message or many, framed, in batches, any line ends.

Nothing is dropped: what is no message comes out as a piece of its own, to be counted as unreadable.
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
    r"""Yield the messages of a file as they came, without framing and blank lines around them.

    Headers and trailers of batches are left out. Where BTS-1 or FTS-1 counts otherwise than we do,
    ``warn`` is told ``batch.count_differs`` or ``file.count_differs``, and nothing is left out.

    >>> list(split(b"FHS|^~\\&|\rMSH|^~\\&|A\rPID|1\r\n\nhello\n\x0bMSH|^~\\&|B\r\x1c\rBTS|1\r"))
    [b'MSH|^~\\&|A\rPID|1', b'hello', b'MSH|^~\\&|B']
    """
    for mark, codec in _UTF_16:
        if data.startswith(mark) and (text := _decoded(data[len(mark) :], codec)) is not None:
            # In UTF-8 while it is split; each message has the mark, which tells what it is.
            for piece in split(text.encode(), warn=warn):
                yield mark + piece.decode().encode(codec)
            return
    batch = _Batch(warn or (lambda _code: None))
    boundaries = list(_BOUNDARY.finditer(data))
    starts = [*(each.start("name") for each in boundaries), len(data)]
    yield from _piece(data[: starts[0]])
    for boundary, (start, end) in zip(boundaries, pairwise(starts), strict=True):
        if boundary["name"] == b"MSH":
            batch.count_message()
            yield from _message(data[start:end])
            continue
        header = _HEADER.match(data, start, end)
        behind = header.end() if header else end
        batch.read(data[start:behind])
        yield from _piece(data[behind:end])


def _decoded(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return None


def _piece(rest: bytes) -> Iterator[bytes]:
    """Yield what is no message, if it is anything but framing and blank lines."""
    bare = rest.removeprefix(_BOM).strip(_AROUND).removeprefix(_BOM)
    if bare:
        yield bare


def _message(block: bytes) -> Iterator[bytes]:
    """Yield a message, and what stands behind it without being a part of it."""
    end = _end_of_message(block)
    yield block[:end].strip(_AROUND)
    yield from _piece(block[end:])


def _end_of_message(block: bytes) -> int:
    """Return where a message ends: at its frame's end, or behind its last segment.

    A line that is no segment is text of a field if a lone LF comes before it while CR ends the
    segments; lines of other kinds behind the last segment belong to nobody.
    """
    frame = block.find(b"\x1c")
    limit = frame if frame >= 0 else len(block)
    if limit == len(block) and not _suspicious(block):
        return limit
    end = 0
    before = b""
    ends_in_cr = False
    for line in _LINE.finditer(block, 0, limit):
        text, terminator = line[1], line[2]
        if _SEGMENT.match(text):
            end = line.end()
            ends_in_cr = ends_in_cr or terminator[:1] == b"\r"
        elif text.strip(_AROUND) and ends_in_cr and before == b"\n" and end == line.start():
            end = line.end()
        before = terminator
    return end


def _suspicious(block: bytes) -> bool:
    """Tell whether the last line is no segment: only then must all be looked at."""
    body = block.rstrip(_AROUND)
    start = max(body.rfind(b"\r"), body.rfind(b"\n")) + 1
    return not _SEGMENT.match(body, start)


class _Batch:
    """Counts messages and batches against what the trailers say."""

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
