"""Receive messages by MLLP and send one answer for each; the only asyncio code of the product.

The event loop reads all frames that have come and hands them to one writer thread together. That
thread has the whole batch answered, so that messages of several connections share a commit.

No peer delays the others. Large frames are read and answered by a thread of their own, one after
the other, because reading one may take a second. Only some of them are in memory at a time. The
number of connections is limited, also for each host. If there is no more room, an idle connection
of the host with the most connections is closed.
"""

import asyncio
import socket
import ssl
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread, current_thread
from typing import Final, Generic, TypeVar, cast

import structlog

from infra.mllp_connection import LARGE, Connection, Frame, Peer

__all__ = ["Frame", "Limits", "Listener", "Peer", "tls_context"]

log = structlog.get_logger()

_FULL_BATCH: Final = 256  # messages; a batch of this size takes no more from the queue
#: When this many frames have been read, they are handed on without waiting for more.
_MOST_UNSENT: Final = 64
_READ_SIZE: Final = 1 << 16  # bytes read from a connection at a time
#: Bytes of large messages that are received at the same time, over all connections.
_LARGE_MEMORY: Final = 64 << 20
_LARGE_OF_HOST: Final = 4  # a host may have one part in so many of that memory
#: Connections that are accepted before the loop reads what others have sent. Were they as many as a
#: host may have, a flood would close a connection before its first message is read.
_ACCEPTED_AT_ONCE: Final = 16
_BACKLOG: Final = 256  # connections that wait to be accepted
_HANDSHAKE_SECONDS: Final = 10.0  # of TLS
_DRAIN_SECONDS: Final = 8.0  # that a stop waits for messages in flight


Message = TypeVar("Message")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits for peers."""

    message: int = 1 << 20  # bytes of one message
    connections: int = 512  # open at a time
    connections_of_host: int = 128  # open at a time, of one host
    frame_seconds: float = 30.0  # from the first byte of a frame to its last


class Listener(Generic[Message]):
    """Accepts connections on one address and has their frames answered in batches.

    Frames are read while earlier ones are being written to the disk. They are handed on together
    when no more have come. Handing on each frame alone would switch between the two threads about
    ten times for each batch, and a switch costs as much as reading a message. ``read`` and
    ``answer`` must not raise: an exception ends the thread of the writer.

    Args:
        read: Returns the message in a frame; called on the event loop, so it must not wait. It is
            called in another thread for large frames.
        answer: Returns the bytes of an acknowledgement for each message, in order; empty bytes if
            the sender wants none. Called in two threads.
        host: The address to listen on.
        port: The port to listen on; 0 takes a free one.
        limits: Limits for peers.
        tls: The TLS context; None for connections in clear.
        accepts_bare_end: Says whether the sender of a frame may end it without CR.
    """

    def __init__(  # each by name
        self,
        read: Callable[[Frame], Message],
        answer: Callable[[Sequence[Message]], list[bytes]],
        *,
        host: str,
        port: int,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
        accepts_bare_end: Callable[[Frame], bool] = lambda _frame: False,
    ) -> None:
        self.limits = limits or Limits()
        self.message_limit = self.limits.message
        self.frame_seconds = self.limits.frame_seconds
        self.accepts_bare_end = accepts_bare_end
        self.connections: set[Connection] = set()
        self.empty = asyncio.Event()  # set when the last connection is closed
        self.refused = 0  # connections
        self.stopping = False
        self.incoming = memoryview(bytearray(_READ_SIZE))
        self._read = read
        self._answer = answer
        self._host, self._port, self._tls = host, port, tls
        self._waiting = SimpleQueue[list[tuple[Connection, Message]] | None]()
        self._large = SimpleQueue[tuple[Connection, Frame] | None]()
        self._unsent = list[tuple[Connection, Message]]()  # read, but not handed on yet
        self._unsent_before = 0  # how many were unsent at the last look for more
        self._most_large = max(_LARGE_OF_HOST, _LARGE_MEMORY // self.limits.message)
        self._large_of = Counter[str]()  # large messages being received, by host
        self._wait_for_memory = deque[Connection]()
        self._since = dict[str, float]()  # by thread, when it began to answer a batch
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: asyncio.Server | None = None
        self._writers = [
            Thread(target=self._write, name="mllp-writer", daemon=True),
            Thread(target=self._write_large, name="mllp-large", daemon=True),
        ]

    async def start(self) -> int:
        """Begin to listen; return the port.

        Raises:
            OSError: Another process listens on the address, or the address is not ours.
        """
        self._loop = asyncio.get_running_loop()
        self._server = await self._loop.create_server(
            lambda: Connection(self),
            self._host,
            self._port,
            ssl=self._tls,
            ssl_handshake_timeout=_HANDSHAKE_SECONDS if self._tls else None,
            backlog=_ACCEPTED_AT_ONCE,
        )
        for each in self._server.sockets:
            with socket.fromfd(each.fileno(), each.family, each.type) as same:
                same.listen(_BACKLOG)
        for writer in self._writers:
            writer.start()
        return cast("int", self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Accept no more messages, answer those in flight and close; takes a few seconds."""
        if self._server is None or self._loop is None:
            return
        self.stopping = True
        self._server.close()
        for connection in list(self.connections):
            connection.close_when_idle()
        if self.connections:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.empty.wait(), _DRAIN_SECONDS)
        for connection in list(self.connections):
            connection.abort()
        self._send()
        self._waiting.put(None)
        self._large.put(None)
        for writer in self._writers:
            await asyncio.to_thread(writer.join, _DRAIN_SECONDS / 2)

    def admit(self, connection: Connection) -> bool:
        """Take a new connection; close an idle one if there is no room; say whether there is."""
        host, limits = connection.peer.host, self.limits
        theirs = [each for each in self.connections if each.peer.host == host]
        if self.stopping:
            return False
        room = True
        if len(theirs) >= limits.connections_of_host:
            room = self._close_idle(theirs)
        elif len(self.connections) >= limits.connections:
            hosts = Counter(each.peer.host for each in self.connections)
            most, _ = hosts.most_common(1)[0]
            of_most = [each for each in self.connections if each.peer.host == most]
            room = self._close_idle(of_most) or self._close_idle(self.connections)
        if not room:
            self.refused += 1
            log.warning("connection.refused", host=host, connections=len(theirs))
            return False
        self.connections.add(connection)
        self.empty.clear()
        return True

    def remove(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self.connections.discard(connection)
        if not self.connections:
            self.empty.set()

    def claim_memory(self, connection: Connection) -> bool:
        """Say whether a connection may receive a large message now; if not, it is told later."""
        if not self._has_memory(connection):
            self._wait_for_memory.append(connection)
            return False
        self._large_of[connection.peer.host] += 1
        return True

    def release_memory(self, connection: Connection) -> None:
        """Note that a connection holds or awaits no large message any more."""
        if connection in self._wait_for_memory:
            self._wait_for_memory.remove(connection)
            return
        self._large_of -= Counter((connection.peer.host,))  # and forget a host that has none left
        for waiting in list(self._wait_for_memory):
            if self._has_memory(waiting):
                self._wait_for_memory.remove(waiting)
                self._large_of[waiting.peer.host] += 1
                waiting.use_memory()

    def submit(self, connection: Connection, frame: Frame) -> None:
        """Read a frame, and have its message answered together with those of other frames."""
        if len(frame.raw) > LARGE:
            self._large.put((connection, frame))
            return
        message = self._read(frame)
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._hand_on)
        self._unsent.append((connection, message))

    def _close_idle(self, among: Collection[Connection]) -> bool:
        """Close the connection that was idle for the longest time; say whether one is idle.

        Connections that never carried a message come first. So a flood of connections closes
        itself, and not a sender between two messages.
        """
        idle = [each for each in among if each.idle]
        if not idle:
            return False
        longest = min(idle, key=lambda each: (each.used, each.last_used))
        log.warning("connection.closed_idle", host=longest.peer.host, connections=len(among))
        self.connections.discard(longest)  # before the loop says that it is closed
        longest.abort()
        return True

    def _has_memory(self, connection: Connection) -> bool:
        of_host = self._large_of[connection.peer.host]
        all_hosts = self._large_of.total()
        return all_hosts < self._most_large and of_host < self._most_large // _LARGE_OF_HOST

    def _hand_on(self) -> None:
        count = len(self._unsent)
        if self._unsent_before < count < _MOST_UNSENT:
            self._unsent_before = count
            # The loop first reads the frames that have come meanwhile, and then calls this again.
            asyncio.get_running_loop().call_soon(self._hand_on)
            return
        self._send()

    def _send(self) -> None:
        if self._unsent:
            self._waiting.put(self._unsent)
        self._unsent, self._unsent_before = [], 0

    def _write(self) -> None:
        """Answer the messages of small frames, all that wait together."""
        last = False
        while not last:
            batch = self._waiting.get()
            if batch is None:
                return
            with suppress(Empty):
                while len(batch) < _FULL_BATCH:
                    another = self._waiting.get_nowait()
                    if another is None:
                        last = True
                        break
                    batch += another
            self._answer_all(batch)

    def _write_large(self) -> None:
        """Read and answer large frames, one after the other."""
        while (each := self._large.get()) is not None:
            connection, frame = each
            self._answer_all([(connection, self._read(frame))])

    def stuck_seconds(self) -> float:
        """Return for how many seconds the oldest batch has been waiting for its answers."""
        since = list(self._since.values())
        return time.monotonic() - min(since) if since else 0.0

    def _answer_all(self, batch: Sequence[tuple[Connection, Message]]) -> None:
        assert self._loop is not None  # noqa: S101 - set by start()
        me = current_thread().name
        self._since[me] = time.monotonic()
        answers = self._answer([message for _, message in batch])
        del self._since[me]
        pairs = [(c, answer) for (c, _), answer in zip(batch, answers, strict=True)]
        self._loop.call_soon_threadsafe(_deliver, pairs)


def _deliver(pairs: list[tuple[Connection, bytes]]) -> None:
    for connection, answer in pairs:
        try:
            connection.answer(answer)
        except Exception:  # a boundary: the other connections get their answers
            log.exception("connection.failed")
            connection.abort()


def tls_context(certificate: str, key: str | None, client_ca: str | None) -> ssl.SSLContext:
    """Return a TLS context for the listener: TLS 1.2 or newer.

    Args:
        certificate: PEM file of the listener's certificate chain.
        key: PEM file of its private key, unless ``certificate`` holds the key too.
        client_ca: PEM file of the authority that signs client certificates; if given, each client
            must show one.

    Raises:
        OSError: A file cannot be read, or does not hold a certificate or its key.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    if client_ca:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
