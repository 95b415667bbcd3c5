"""Receive messages by MLLP and send one answer for each; the only asyncio code of the product.

An MLLP frame (HL7 v2 transport specification, release 1) is ``0x0B``, the message, ``0x1C 0x0D``.
Each connection has one message in flight. The event loop reads all frames that have come and hands
them to one writer thread together. That thread has the whole batch answered, so that messages of
several connections share a commit. A slow or broken peer delays no other peer.
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
#: Bytes that are kept of a message over the limit: enough for its MSH.
HEAD: Final = 4096
#: A message over this many times the limit closes the connection: its end mark is not expected.
_HOPELESS: Final = 64
_FULL_BATCH: Final = 256  # messages; a batch of this size takes no more from the queue
#: When this many frames have been read, they are handed on without waiting for more.
_MOST_UNSENT: Final = 64
_READ_SIZE: Final = 1 << 16  # bytes read from a connection at a time
#: Bytes that a peer may send ahead while its message is being answered.
_AHEAD: Final = 1 << 16
_DRAIN_SECONDS: Final = 8.0  # that a stop waits for messages in flight


@dataclass(frozen=True, slots=True)
class Peer:
    """The sender of a frame."""

    host: str
    certificate: str = ""  # common name of the client certificate, if TLS asks for one


@dataclass(frozen=True, slots=True)
class Frame:
    """The bytes between the start and end marks of a frame, as received."""

    raw: bytes
    peer: Peer
    oversize: bool = False  # over the limit; ``raw`` is then only the beginning


Message = TypeVar("Message")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits for peers."""

    message: int = 1 << 20  # bytes of one message
    connections: int = 512  # open at a time
    frame_seconds: float = 30.0  # from the first byte of a frame to its last


class Listener(Generic[Message]):
    """Accepts connections on one address and has their frames answered in batches.

    Frames are read while earlier ones are being written to the disk. They are handed on together
    when no more have come. Handing on each frame alone would switch between the two threads about
    ten times for each batch, and a switch costs as much as reading a message. ``read`` and
    ``answer`` must not raise.

    Args:
        read: Returns the message in a frame; called on the event loop, so it must not wait.
        answer: Returns the bytes of an acknowledgement for each message, in order; empty bytes if
            the sender wants none. Called in the writer thread.
        host: The address to listen on.
        port: The port to listen on; 0 takes a free one.
        limits: Limits for peers.
        tls: The TLS context; None for connections in clear.
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
        self.empty = asyncio.Event()  # set when the last connection is closed
        self.refused = 0  # connections
        self.stopping = False
        self.incoming = memoryview(bytearray(_READ_SIZE))
        self._read = read
        self._answer = answer
        self._host, self._port, self._tls = host, port, tls
        self._waiting = SimpleQueue[list[tuple[_Connection, Message]] | None]()
        self._unsent = list[tuple[_Connection, Message]]()  # read, but not handed on yet
        self._unsent_before = 0  # how many were unsent at the last look for more
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: asyncio.Server | None = None
        self._writer = Thread(target=self._write, name="mllp-writer", daemon=True)

    async def start(self) -> int:
        """Begin to listen; return the port.

        Raises:
            OSError: Another process listens on the address, or the address is not ours.
        """
        self._loop = asyncio.get_running_loop()
        self._server = await self._loop.create_server(
            lambda: _Connection(self), self._host, self._port, ssl=self._tls, backlog=256
        )
        self._writer.start()
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
        await asyncio.to_thread(self._writer.join, _DRAIN_SECONDS)

    def submit(self, connection: "_Connection", frame: Frame) -> None:
        """Read a frame, and have its message answered together with those of other frames."""
        message = self._read(frame)
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._hand_on)
        self._unsent.append((connection, message))

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
        assert self._loop is not None  # noqa: S101 - set by start()
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
            answers = self._answer([message for _, message in batch])
            pairs = [(c, answer) for (c, _), answer in zip(batch, answers, strict=True)]
            self._loop.call_soon_threadsafe(_deliver, pairs)


def _deliver(pairs: "list[tuple[_Connection, bytes]]") -> None:
    for connection, answer in pairs:
        try:
            connection.answer(answer)
        except Exception:  # a boundary: the other connections get their answers
            log.exception("connection.failed")
            connection.abort()


class _Connection(asyncio.BufferedProtocol):
    """One connection: cuts its bytes into frames and has one frame in flight at a time.

    All connections read into one shared buffer, whose bytes are copied before the next read. A new
    buffer for each read would cost more than the reading.
    """

    def __init__(self, listener: Listener[Any]) -> None:
        self._listener = listener
        self._buffer = bytearray()
        self._searched = 0  # there is no end mark before this offset
        self._head = b""  # beginning of a message over the limit, whose rest is thrown away
        self._thrown = 0  # bytes thrown away of that message
        self._busy = False  # a frame is in flight
        self._paused = False  # reading from the peer is paused
        self._ended = False  # the peer has closed its side
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
        # The peer sends no more, but still waits for the answers to its messages.
        self._ended = True
        return self._busy and not self._tls

    @override
    def pause_writing(self) -> None:
        # The peer does not read its answers. It has as much time for that as for sending a frame.
        self._pause()
        self._start_timer()

    @override
    def resume_writing(self) -> None:
        self._stop_timer()
        if not self._busy:
            self._resume()

    def answer(self, data: bytes) -> None:
        """Send the answer to the frame in flight and go on with the next frame."""
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
        """Close now or, if a frame is in flight, when it is answered."""
        self._closing = True
        if not self._busy:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
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
            self._pause()  # over TLS a peer that closes its side would close ours before the answer
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
                log.warning("frame.abandoned", bytes=self._thrown)
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
        log.warning("peer.timed_out", seconds=self._listener.limits.frame_seconds)
        self._transport.abort()


def _message(raw: bytes) -> bytes:
    # Bytes before the last start mark are not part of the message: either the rest of a frame that
    # was cut off and never acknowledged, or a second start mark of the same message.
    return raw.rpartition(START)[2]


def _common_name(certificate: dict[str, object] | None) -> str:
    subject = (certificate or {}).get("subject", ())
    for part in cast("tuple[tuple[tuple[str, str], ...], ...]", subject):
        for key, value in part:
            if key == "commonName":
                return value
    return ""


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
