"""The MLLP listener: frames in, one answer each. The only asyncio of the product.

MLLP (HL7 v2 transport specification, release 1): ``0x0B``, the message, ``0x1C 0x0D``. Every
connection has one message in flight. Frames are read as long as there are any, then go together to
one writer thread, which takes what is there, has it answered in one go, and answers all. So
messages of several connections share a commit, and a slow or broken peer holds up nobody else.
"""

import asyncio
import re
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final, Generic, TypeVar, cast

import structlog
from typing_extensions import override

log = structlog.get_logger()

START: Final = b"\x0b"
#: Some senders end a frame with 0x1C and line feed, or begin the next one at once.
_END: Final = re.compile(rb"\x1c(?:\r|\n|(?=\x0b))")
#: How much of a message over the limit is kept: enough for its MSH.
HEAD: Final = 4096
#: Over this many times the limit a peer is not sending a message any more.
_HOPELESS: Final = 64
_MOST_AT_ONCE: Final = 256  # and what has come meanwhile
#: From so many frames on nobody looks whether more have come.
_MOST_WAITING: Final = 64
#: Bytes that are taken from a connection in one go.
_AT_ONCE: Final = 1 << 16
#: Bytes that a peer may send ahead while a message of it is being answered.
_AHEAD: Final = 1 << 16
_DRAIN_SECONDS: Final = 8.0


@dataclass(frozen=True, slots=True)
class Peer:
    """Who sent a frame."""

    host: str
    certificate: str = ""  # common name of the client certificate, where TLS asks for one


@dataclass(frozen=True, slots=True)
class Frame:
    """The bytes between the frame's marks, as they came."""

    raw: bytes
    peer: Peer
    oversize: bool = False  # over the limit: ``raw`` is its beginning alone


Message = TypeVar("Message")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a peer may ask of us."""

    message: int = 1 << 20  # bytes
    connections: int = 512
    frame_seconds: float = 30.0  # from the first byte of a frame to its last


class Listener(Generic[Message]):
    """Accepts connections on one address and has their frames answered in batches.

    Frames are read as they come, while those before them are on their way to the disk. What is
    read is handed on when nothing more has come, not frame by frame: the two threads would take
    turns at the interpreter some ten times a batch, and a turn costs as much as reading a message.
    Neither callable may raise.

    Args:
        read: Returns what a frame holds; called where connections are served, so it may not wait.
        answer: Returns the bytes of an acknowledgement for each message, in order; empty where the
            sender wants none. Called in a thread of its own.
        host: To listen on.
        port: 0 for any that is free.
        limits: What a peer may ask of us.
        tls: None: in clear.
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
    ) -> None:
        self.limits = limits or Limits()
        self.connections: set[_Connection] = set()
        self.empty = asyncio.Event()  # set when the last connection has gone
        self.refused = 0
        self.stopping = False
        self.incoming = memoryview(bytearray(_AT_ONCE))
        self._read = read
        self._answer = answer
        self._host, self._port, self._tls = host, port, tls
        self._waiting = SimpleQueue[list[tuple[_Connection, Message]] | None]()
        self._unsent = list[tuple[_Connection, Message]]()  # read, and not handed on yet
        self._seen = 0  # so many of them when it was last asked whether more had come
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: asyncio.Server | None = None
        self._writer = Thread(target=self._write, name="mllp-writer", daemon=True)

    async def start(self) -> int:
        """Begin to listen; return the port.

        Raises:
            OSError: The address cannot be had.
        """
        self._loop = asyncio.get_running_loop()
        self._server = await self._loop.create_server(
            lambda: _Connection(self), self._host, self._port, ssl=self._tls, backlog=256
        )
        self._writer.start()
        return cast("int", self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Accept nothing more, answer what is in flight, close; at most some seconds."""
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
        await asyncio.to_thread(self._writer.join, _DRAIN_SECONDS)

    def submit(self, connection: "_Connection", frame: Frame) -> None:
        """Read a frame; what it holds is handed on with that of others, to be answered."""
        message = self._read(frame)
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._hand_on)
        self._unsent.append((connection, message))

    def _hand_on(self) -> None:
        count = len(self._unsent)
        if self._seen < count < _MOST_WAITING:
            self._seen = count
            asyncio.get_running_loop().call_soon(self._hand_on)  # after what has come meanwhile
            return
        self._send()

    def _send(self) -> None:
        if self._unsent:
            self._waiting.put(self._unsent)
        self._unsent, self._seen = [], 0

    def _write(self) -> None:
        assert self._loop is not None  # noqa: S101 - set by start()
        last = False
        while not last:
            batch = self._waiting.get()
            if batch is None:
                return
            with suppress(Empty):
                while len(batch) < _MOST_AT_ONCE:
                    another = self._waiting.get_nowait()
                    if another is None:
                        last = True
                        break
                    batch += another
            answers = self._answer([message for _, message in batch])
            pairs = [(c, answer) for (c, _), answer in zip(batch, answers, strict=True)]
            self._loop.call_soon_threadsafe(_deliver, pairs)


def _deliver(pairs: "list[tuple[_Connection, bytes]]") -> None:
    for connection, answer in pairs:
        try:
            connection.answer(answer)
        except Exception:  # the boundary: the others are answered
            log.exception("connection.failed")
            connection.abort()


class _Connection(asyncio.BufferedProtocol):
    """One peer: cuts its bytes into frames, one in flight.

    Bytes come through a buffer that all connections share: it is empty again before another one is
    asked for. A buffer of its own for each read would cost more than the reading.
    """

    def __init__(self, listener: Listener[Any]) -> None:
        self._listener = listener
        self._buffer = bytearray()
        self._searched = 0  # no end mark before this offset
        self._head = b""  # of a message over the limit, while the rest is thrown away
        self._thrown = 0
        self._busy = False
        self._paused = False
        self._ended = False  # the peer sends nothing more
        self._tls = False
        self._closing = False
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport
        self._peer = Peer("")

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._tls = transport.get_extra_info("sslcontext") is not None
        host = transport.get_extra_info("peername") or ("",)
        self._peer = Peer(str(host[0]), _common_name(transport.get_extra_info("peercert")))
        listener = self._listener
        if listener.stopping or len(listener.connections) >= listener.limits.connections:
            listener.refused += 1
            log.warning("connection.refused", limit=listener.limits.connections)
            self._transport.abort()
            return
        listener.connections.add(self)
        listener.empty.clear()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._pending():
            log.warning("frame.cut_off", bytes=len(self._buffer) + self._thrown)
        self._stop_timer()
        self._listener.connections.discard(self)
        if not self._listener.connections:
            self._listener.empty.set()

    @override
    def get_buffer(self, sizehint: int) -> memoryview:
        return self._listener.incoming

    @override
    def buffer_updated(self, nbytes: int) -> None:
        self._buffer += self._listener.incoming[:nbytes]
        if not self._busy:
            self._advance()
        elif len(self._buffer) > _AHEAD:
            self._pause()

    @override
    def eof_received(self) -> bool:
        # Who has nothing more to say still waits for the answers to what was said.
        self._ended = True
        return self._busy and not self._tls

    @override
    def pause_writing(self) -> None:
        # The peer reads no answers; it gets as long as for sending a frame.
        self._pause()
        self._start_timer()

    @override
    def resume_writing(self) -> None:
        self._stop_timer()
        if not self._busy:
            self._resume()

    def answer(self, data: bytes) -> None:
        """Send the answer to the frame in flight and go on with the next."""
        self._busy = False
        if self._transport.is_closing():
            return
        if data:
            self._transport.write(START + data + b"\x1c\r")
        if self._closing:
            self._transport.close()
            return
        self._advance()
        if not self._busy or (len(self._buffer) <= _AHEAD and not self._tls):
            self._resume()
        if self._ended and not self._busy:
            self._transport.close()

    def close_when_idle(self) -> None:
        """Close now, or as soon as the frame in flight is answered."""
        self._closing = True
        if not self._busy:
            self._transport.close()

    def abort(self) -> None:
        """Close without waiting for anything."""
        self._transport.abort()

    def _pause(self) -> None:
        if not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            self._transport.resume_reading()

    def _pending(self) -> bool:
        return bool(self._head or self._buffer.strip(b"\r\n\x1c "))

    def _advance(self) -> None:
        found = _END.search(self._buffer, self._searched)
        if found is None:
            self._wait_for_more()
            return
        self._stop_timer()
        raw = bytes(self._buffer[: found.start()])
        del self._buffer[: found.end()]
        self._searched = 0
        if self._head or len(raw) > self._listener.limits.message:
            head = self._head or _message(raw[:HEAD])
            frame = Frame(head, self._peer, oversize=True)
            self._head, self._thrown = b"", 0
        else:
            frame = Frame(_message(raw), self._peer)
        self._busy = True
        if self._tls:
            self._pause()  # TLS has no half-closed connections: its end would be the end of ours
        self._listener.submit(self, frame)

    def _wait_for_more(self) -> None:
        limit = self._listener.limits.message
        self._searched = max(0, len(self._buffer) - 1)
        if self._head or len(self._buffer) > limit:
            self._head = self._head or _message(bytes(self._buffer[:HEAD]))
            keep = 1 if self._buffer.endswith(b"\x1c") else 0
            self._thrown += len(self._buffer) - keep
            del self._buffer[: len(self._buffer) - keep]
            self._searched = 0
            if self._thrown > limit * _HOPELESS:
                log.warning("frame.without_end", bytes=self._thrown)
                self._transport.abort()
                return
        if self._pending():
            self._start_timer()

    def _start_timer(self) -> None:
        if self._timer is None:
            seconds = self._listener.limits.frame_seconds
            self._timer = asyncio.get_running_loop().call_later(seconds, self._too_slow)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        log.warning("peer.too_slow", seconds=self._listener.limits.frame_seconds)
        self._transport.abort()


def _message(raw: bytes) -> bytes:
    # What stands before the last start mark is no message: the rest of a frame cut off, never
    # acknowledged, or a second mark around the same message.
    return raw.rpartition(START)[2]


def _common_name(certificate: dict[str, object] | None) -> str:
    subject = (certificate or {}).get("subject", ())
    for part in cast("tuple[tuple[tuple[str, str], ...], ...]", subject):
        for key, value in part:
            if key == "commonName":
                return value
    return ""


def tls_context(certificate: str, key: str | None, client_ca: str | None) -> ssl.SSLContext:
    """Return a context for the listener: TLS 1.2 or newer, clients checked where a CA is given."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    if client_ca:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
