"""Load a listener from one process, over many MLLP connections with one message in flight each.

``python -m benchmarks.client PORT CONNECTIONS FIRST COUNT SECONDS`` sends messages of the feed,
beginning with number ``FIRST``, until ``COUNT`` are answered or ``SECONDS`` have passed. It prints
the result as one line of JSON. Both sides are loaded by the same client.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import cast

from typing_extensions import override

from benchmarks.messages import message

_END = b"\x1c\r"


@dataclass(frozen=True, slots=True)
class LoadResult:
    """The result of one load of messages."""

    sent: int
    seconds: float  # from the first byte sent to the last answer
    p50: float  # seconds from sending a message to its whole acknowledgement
    p99: float
    codes: dict[str, int]
    cpu: float = 0.0  # seconds of CPU of the client

    @property
    def rate(self) -> float:
        """Messages acknowledged per second."""
        return self.sent / self.seconds


@dataclass(slots=True)
class _SharedLoad:
    """What all connections share: the next message, the limits, and the results."""

    next: int
    end: int
    until: float
    done: asyncio.Event
    open: int = 0
    waits: list[float] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)

    def take(self) -> bytes | None:
        if self.next >= self.end or time.perf_counter() >= self.until:
            return None
        self.next += 1
        return message(self.next - 1)


class _LoadConnection(asyncio.Protocol):
    def __init__(self, load: _SharedLoad) -> None:
        self._load = load
        self._buffer = b""
        self._sent_at = 0.0
        self._transport: asyncio.Transport

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def send(self) -> None:
        """Send the next message, or close the connection if there is none."""
        raw = self._load.take()
        if raw is None:
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(b"\x0b" + raw + _END)

    @override
    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._buffer.endswith(_END):
            self._load.waits.append(time.perf_counter() - self._sent_at)
            place = self._buffer.find(b"MSA|") + 4
            self._load.codes[self._buffer[place : place + 2].decode()] += 1
            self._buffer = b""
            self.send()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._load.open -= 1
        if not self._load.open:
            self._load.done.set()


async def _run(port: int, connections: int, first: int, count: int, seconds: float) -> LoadResult:
    loop = asyncio.get_running_loop()
    load = _SharedLoad(first, first + count, float("inf"), asyncio.Event())
    peers = []
    for _ in range(connections):
        _, peer = await loop.create_connection(lambda: _LoadConnection(load), "127.0.0.1", port)
        load.open += 1
        peers.append(peer)
    started = time.perf_counter()
    load.until = started + seconds
    for peer in peers:
        peer.send()
    await load.done.wait()
    waits = sorted(load.waits)
    return LoadResult(
        len(waits),
        time.perf_counter() - started,
        waits[len(waits) // 2],
        waits[len(waits) * 99 // 100],
        dict(load.codes),
    )


if __name__ == "__main__":
    _port, _connections, _first, _count = map(int, sys.argv[1:5])
    _seen = asyncio.run(_run(_port, _connections, _first, _count, float(sys.argv[5])))
    print(json.dumps(asdict(_seen)))
