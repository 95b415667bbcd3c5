"""Events put aside while the log is read, in buckets, so that memory stays flat.

All events that are folded together are in one bucket. A bucket is small enough to be folded in
memory. Events stay in memory up to a limit, and go to a file after that. The system frees the file
when no process has it open.
"""

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Final, Self
from zlib import crc32

import msgspec

from projections.engine.events import LoggedEvent

BUCKETS: Final = 512

#: Bytes kept in memory, about. The first allowance is for all members of an event but its body.
_BESIDE: Final = 600
_HELD: Final = 12 << 20
_BUFFER: Final = 1 << 20

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(list[LoggedEvent]).decode


@dataclass(frozen=True, slots=True)
class Bucket:
    """The events of some streams: those in files, and those in memory."""

    pieces: "array[int]"  # of each the number of its file, its offset there, and its size
    held: Sequence[LoggedEvent]

    def events(self, places: Sequence[int]) -> list[LoggedEvent]:
        """Return all events. ``places``: the files, as descriptors, by number."""
        found: list[LoggedEvent] = []
        each = iter(self.pieces)
        for file, offset, size in zip(each, each, each, strict=True):
            found += _decode(os.pread(places[file], size, offset))
        found += self.held
        return found


@dataclass(frozen=True, slots=True)
class Pieces:
    """Events in a file: of each piece its bucket, the number of the file, the offset, the size."""

    events: int
    places: "array[int]"


class Spill:
    """Events by bucket. A context: leaving it frees the disk.

    Each process has one, with a file of its own. The files have numbers.
    """

    def __init__(self, file: IO[bytes] | None = None, number: int = 0) -> None:
        self._file = file or TemporaryFile(buffering=_BUFFER)  # noqa: SIM115  # closed on leaving
        self._number = number
        self._held: list[list[LoggedEvent]] = [[] for _ in range(BUCKETS)]
        self._pieces = [array("Q") for _ in range(BUCKETS)]
        self._size = 0
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return self._count

    @property
    def place(self) -> int:
        """The file, as a descriptor."""
        return self._file.fileno()

    def add(self, one: LoggedEvent) -> None:
        """Put an event aside, with the events of its component if the component is known."""
        self._held[bucket_of(one.component or one.record or one.stream)].append(one)
        self._count += 1
        self._size += _BESIDE + len(one.body)
        if self._size > _HELD:
            self.write()

    def write(self) -> None:
        """Write the events in memory to the file."""
        for held, pieces in zip(self._held, self._pieces, strict=True):
            if held:
                text = _encode(held)
                pieces.extend((self._number, self._file.tell(), self._file.write(text)))
                held.clear()
        self._file.flush()
        self._size = 0

    def hand_over(self) -> Pieces:
        """Write everything to the file and forget it; return the places in the file."""
        self.write()
        found = Pieces(self._count, array("Q"))
        for number, pieces in enumerate(self._pieces):
            each = iter(pieces)
            for piece in zip(each, each, each, strict=True):
                found.places.extend((number, *piece))
            del pieces[:]
        self._count = 0
        return found

    def take(self, pieces: Pieces) -> None:
        """Take what another process handed over."""
        each = iter(pieces.places)
        for number, *piece in zip(each, each, each, each, strict=True):
            self._pieces[number].extend(piece)
        self._count += pieces.events

    def another(self) -> "Spill":
        """Return an empty one, over the same file."""
        return Spill(self._file)

    def bucket(self, node: str) -> Bucket:
        """Return the events that are in one bucket with those of a node, and keep them."""
        number = bucket_of(node)
        return Bucket(self._pieces[number], self._held[number])

    def buckets(self) -> Iterator[tuple[int, Bucket]]:
        """Return all buckets that are not empty, by number, and forget them."""
        for number in range(BUCKETS):
            found = Bucket(self._pieces[number], self._held[number])
            self._pieces[number], self._held[number] = array("Q"), []
            if found.pieces or found.held:
                yield number, found


def bucket_of(node: str) -> int:
    """Return the bucket of a stream, record or component: the same in every process."""
    return crc32(node.encode()) % BUCKETS


def packed(events: Iterable[LoggedEvent]) -> bytes:
    """Return events as bytes."""
    return _encode(list(events))


def unpacked(text: bytes) -> list[LoggedEvent]:
    """Return the events that were packed."""
    return _decode(text)
