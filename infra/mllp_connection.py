"""Cut the bytes of one MLLP connection into frames, with one frame in flight at a time.

An MLLP frame (HL7 v2 transport specification, release 1) is ``0x0B``, the message, ``0x1C 0x0D``.
"""

import asyncio
import re
from dataclasses import dataclass
from typing import Final, Protocol, cast

import structlog
from typing_extensions import override

log = structlog.get_logger()

START: Final = b"\x0b"
#: Some peers end a frame with 0x1C and line feed, or begin the next one at once.
END: Final = re.compile(rb"\x1c(?:\r|\n|(?=\x0b))")
END_MARK: Final = b"\x1c"
#: Bytes that are kept of a message over the limit: enough for its MSH.
HEAD: Final = 4096
#: A message over this many times the limit closes the connection: its end mark is not expected.
_HOPELESS: Final = 64
#: Bytes of a large message. Large ones are read by a thread of their own, and only some of them are
#: in memory at a time.
LARGE: Final = 1 << 14
#: Bytes between two frames, such as line ends, that are no beginning of a message.
_BETWEEN: Final = 64
#: Bytes that a peer may send ahead while its message is being answered.
_AHEAD: Final = 1 << 16
#: Seconds after an end mark without its CR, until a sender that may leave it out is answered.
BARE_END_SECONDS: Final = 0.25


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


class ConnectionOwner(Protocol):
    """What a connection needs of its listener."""

    message_limit: int  # bytes of one message
    frame_seconds: float  # from the first byte of a frame to its last
    incoming: memoryview  # all connections read into it, one after the other

    def admit(self, connection: "Connection") -> bool:
        """Take a new connection; say whether there is room for it."""
        ...

    def remove(self, connection: "Connection") -> None:
        """Forget a connection that is closed."""
        ...

    def submit(self, connection: "Connection", frame: Frame) -> None:
        """Have a frame answered."""
        ...

    def claim_memory(self, connection: "Connection") -> bool:
        """Say whether a connection may receive a large message now; if not, it is told later."""
        ...

    def release_memory(self, connection: "Connection") -> None:
        """Note that a connection holds no large message any more."""
        ...

    def accepts_bare_end(self, frame: Frame) -> bool:
        """Say whether the sender of a frame may end it without CR."""
        ...


class Connection(asyncio.BufferedProtocol):
    """One connection: cuts its bytes into frames and has one frame in flight at a time.

    All connections read into one shared buffer, whose bytes are copied before the next read. A new
    buffer for each read would cost more than the reading.
    """

    def __init__(self, owner: ConnectionOwner) -> None:
        self.peer = Peer("")
        self.used = False  # it has carried a message
        self.last_used = 0.0  # on the clock of the loop
        self._owner = owner
        self._buffer = bytearray()
        self._searched = 0  # there is no end mark before this offset
        self._head = b""  # beginning of a message over the limit, whose rest is thrown away
        self._thrown = 0  # bytes thrown away of that message
        self._busy = False  # a frame is in flight
        self._large = False  # the memory for a large message is claimed
        self._waits = False  # it waits for that memory
        self._paused = False  # reading from the peer is paused
        self._ended = False  # the peer has closed its side
        self._tls = False
        self._closing = False
        self._timer: asyncio.TimerHandle | None = None
        self._bare_end: asyncio.TimerHandle | None = None
        self._bare_end_refused = False
        self._transport: asyncio.Transport

    @property
    def idle(self) -> bool:
        """Whether no message is in flight and none has begun."""
        return not self._busy and not self._pending()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._tls = transport.get_extra_info("sslcontext") is not None
        host = transport.get_extra_info("peername") or ("",)
        self.peer = Peer(str(host[0]), _common_name(transport.get_extra_info("peercert")))
        self.last_used = asyncio.get_running_loop().time()
        if not self._owner.admit(self):
            self._transport.abort()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._pending():
            self._log_dropped("cut_off")
        self._stop_timer()
        self._release()
        self._owner.remove(self)

    @override
    def get_buffer(self, sizehint: int) -> memoryview:
        return self._owner.incoming

    @override
    def buffer_updated(self, nbytes: int) -> None:
        self._buffer += self._owner.incoming[:nbytes]
        if not self._busy:
            self._advance()
        elif len(self._buffer) > _AHEAD:
            self._pause()

    @override
    def eof_received(self) -> bool:
        # The peer sends no more, but still waits for the answers to its messages.
        self._ended = True
        if not self._busy and not self._bare_end_refused and self._buffer.endswith(END_MARK):
            self._end_without_cr()
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
        self._release()
        if self._transport.is_closing():
            return
        self.used, self.last_used = True, asyncio.get_running_loop().time()
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

    def use_memory(self) -> None:
        """Go on with a large message, because there is memory for it now."""
        self._waits, self._large = False, True
        self._start_timer()
        self._resume()

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
        if self._paused and not self._waits:
            self._paused = False
            self._transport.resume_reading()

    def _release(self) -> None:
        if self._large or self._waits:
            self._large = self._waits = False
            self._owner.release_memory(self)

    def _pending(self) -> bool:
        buffer = self._buffer
        # Only a short buffer is copied: a peer may send a large message byte by byte.
        return bool(self._head or len(buffer) > _BETWEEN or buffer.strip(b"\r\n\x1c "))

    def _advance(self) -> None:
        if self._bare_end is not None:
            self._bare_end.cancel()
            self._bare_end = None
            self._bare_end_refused = False
        found = END.search(self._buffer, self._searched)
        if found is None:
            self._wait_for_more()
            return
        self._take(found.start(), found.end())

    def _take(self, start: int, end: int) -> None:
        """Have the frame before ``start`` answered; its end mark ends at ``end``."""
        self._stop_timer()
        raw = bytes(self._buffer[:start])
        del self._buffer[:end]
        self._searched = 0
        if self._head or len(raw) > self._owner.message_limit:
            head = self._head or _message(raw[:HEAD])
            frame = Frame(head, self.peer, oversize=True)
            self._head, self._thrown = b"", 0
        else:
            frame = Frame(_message(raw), self.peer)
        self._busy = True
        if self._tls:
            self._pause()  # over TLS a peer that closes its side would close ours before the answer
        self._owner.submit(self, frame)

    def _wait_for_more(self) -> None:
        limit = self._owner.message_limit
        self._searched = max(0, len(self._buffer) - 1)
        if self._head or len(self._buffer) > limit:
            self._head = self._head or _message(bytes(self._buffer[:HEAD]))
            keep = 1 if self._buffer.endswith(END_MARK) else 0
            self._thrown += len(self._buffer) - keep
            del self._buffer[: len(self._buffer) - keep]
            self._searched = 0
            self._release()
            if self._thrown > limit * _HOPELESS:
                self._log_dropped("too_large")
                self._transport.abort()
                return
        elif len(self._buffer) > LARGE and not self._large:
            if not self._owner.claim_memory(self):
                # The time of the frame goes on when there is memory for it.
                self._waits = True
                self._stop_timer()
                self._pause()
                return
            self._large = True
        if self._pending():
            self._start_timer()
        if self._buffer.endswith(END_MARK):
            loop = asyncio.get_running_loop()
            self._bare_end = loop.call_later(BARE_END_SECONDS, self._end_without_cr)

    def _end_without_cr(self) -> None:
        """Take a frame that ends without CR if its sender may leave it out; else log it once."""
        size = len(self._buffer) - 1
        frame = Frame(self._head or _message(bytes(self._buffer[: min(size, HEAD)])), self.peer)
        if self._owner.accepts_bare_end(frame):
            self._take(size, size + 1)
        else:
            log.warning("frame.end_without_cr", host=self.peer.host, bytes=size)
            self._bare_end_refused = True

    def _start_timer(self) -> None:
        if self._timer is None:
            seconds = self._owner.frame_seconds
            self._timer = asyncio.get_running_loop().call_later(seconds, self._too_slow)

    def _stop_timer(self) -> None:
        for timer in (self._timer, self._bare_end):
            if timer is not None:
                timer.cancel()
        self._timer = self._bare_end = None

    def _too_slow(self) -> None:
        if self._pending():
            self._log_dropped("too_slow")
            self._buffer.clear()  # it is not logged again
            self._head = b""
        else:
            log.warning("peer.timed_out", host=self.peer.host, seconds=self._owner.frame_seconds)
        self._transport.abort()

    def _log_dropped(self, reason: str) -> None:
        """Log why a message that has begun is not answered."""
        buffer = self._buffer
        if buffer.endswith(END_MARK):
            reason = "end_without_cr"
        elif not self._head and START not in buffer:
            reason = "no_start"
        log.warning(
            "frame.dropped",
            reason=reason,
            host=self.peer.host,
            bytes=len(buffer) + self._thrown,
            seconds=self._owner.frame_seconds,
        )


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
