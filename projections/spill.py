"""Statements put aside until all are known, then given back by component.

They lie in an unnamed temporary file as they came, segments sealed; memory holds 16 bytes for each,
and the nodes of the components.
"""

import os
from array import array
from collections.abc import Iterator
from datetime import datetime
from itertools import accumulate
from tempfile import TemporaryFile
from types import TracebackType
from typing import Final, Self

import msgspec

from domain.body import Recorded
from domain.ids import EventId, MessageId
from projections.components import Union
from projections.fast import decode_whole
from projections.substrate import Filed, named

_BUFFER: Final = 1 << 20


class Kept(msgspec.Struct, array_like=True, gc=False):
    """An event as it lies in the file."""

    index: int
    event_id: str
    topic: str
    recorded_at: datetime
    message_id: str | None
    partition: int
    body: bytes

    def filed(self) -> Filed:
        """Decode it.

        Raises:
            msgspec.MsgspecError: Its body cannot be read.
        """
        statement, segments = decode_whole(self.body)
        return Filed(
            index=self.index,
            event_id=EventId(self.event_id),
            topic=self.topic,
            recorded_at=self.recorded_at,
            message_id=None if self.message_id is None else MessageId(self.message_id),
            partition=self.partition,
            statement=statement,
            segments=segments,
        )


class Spill:
    """A file of statements, and what joins them. A context: leaving it frees the disk."""

    def __init__(self) -> None:
        self._file = TemporaryFile(buffering=_BUFFER)  # noqa: SIM115  # closed on leaving
        self._offsets = array("Q", [0])
        self._of = array("I")  # event: number of its record
        self._numbers: dict[str, int] = {}  # record: number
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(Kept).decode
        self.union = Union()

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
        return len(self._of)

    def add(self, recorded: Recorded) -> None:
        """Put a statement aside."""
        envelope = recorded.envelope
        nodes = named(recorded)
        self.union.join((*nodes, *envelope.subjects))
        kept = Kept(
            envelope.index,
            envelope.event_id,
            envelope.topic,
            envelope.recorded_at,
            envelope.message_id,
            envelope.partition,
            recorded.body,
        )
        written = self._file.write(self._encode(kept))
        self._offsets.append(self._offsets[-1] + written)
        self._of.append(self._numbers.setdefault(nodes[0], len(self._numbers)))

    def components(self) -> Iterator[tuple[str, list[Kept]]]:
        """Return every component with its statements by index, in the order of their ids."""
        self._file.flush()
        place = self._file.fileno()
        roots = [self.union.find(record) for record in self._numbers]
        names = sorted(set(roots))
        ranks = {name: rank for rank, name in enumerate(names)}
        rank_of = array("I", [ranks[root] for root in roots])
        ends = self._ends(rank_of, len(names))
        order = self._order(rank_of, ends)
        start = 0
        for name, end in zip(names, ends, strict=True):
            kept = [
                self._decode(
                    os.pread(
                        place,
                        self._offsets[event + 1] - self._offsets[event],
                        self._offsets[event],
                    )
                )
                for event in order[start:end]
            ]
            kept.sort(key=_index)  # partitions may have been read one after the other
            yield name, kept
            start = end

    def _ends(self, rank_of: "array[int]", names: int) -> list[int]:
        sizes = [0] * names
        for number in self._of:
            sizes[rank_of[number]] += 1
        return list(accumulate(sizes))

    def _order(self, rank_of: "array[int]", ends: list[int]) -> "array[int]":
        """Sort the events by component, each in the order they came: by counting."""
        free = [0, *ends[:-1]]
        order = array("I", bytes(4 * len(self._of)))
        for event, number in enumerate(self._of):
            rank = rank_of[number]
            order[free[rank]] = event
            free[rank] += 1
        return order


def _index(kept: Kept) -> int:
    return kept.index
