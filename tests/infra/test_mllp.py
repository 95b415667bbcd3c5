"""The listener as a peer sees it: over a socket, with whole and broken frames."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from infra.mllp import Frame, Limits, Listener
from infra.mllp_client import MllpClient, NoAnswer
from tests.infra import mllp_listening
from tests.waiting import until

FRAME = b"\x0b%b\x1c\r"


class Echo:
    """Answers each frame with its own bytes, and remembers which frames came together."""

    def __init__(self) -> None:
        self.batches: list[list[Frame]] = []
        self.before: Callable[[], None] = lambda: None  # called before each batch is answered
        self.reading: Callable[[], None] = lambda: None  # called when each frame is read
        self.reads = 0
        self.listener: Listener[Frame]

    def read(self, frame: Frame) -> Frame:
        self.reads += 1
        self.reading()
        return frame

    def __call__(self, frames: Sequence[Frame]) -> list[bytes]:
        self.before()
        self.batches.append(list(frames))
        return [b"big" if each.oversize else each.raw for each in frames]


@contextmanager
def listening(answer: Echo, limits: Limits | None = None) -> Iterator[int]:
    with mllp_listening.listening(answer.read, answer, limits=limits) as (answer.listener, port):
        yield port


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 5)


def read(connection: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\x1c\r"):
        chunk = connection.recv(4096)
        if not chunk:
            break
        data += chunk
    return data


def closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(10) == b""
    except ConnectionResetError:
        return True


def test_each_message_is_answered_in_order() -> None:
    with listening(Echo()) as port, MllpClient("127.0.0.1", port) as client:
        assert [client.send(b"one"), client.send(b"two")] == [b"one", b"two"]


def test_a_frame_may_come_in_pieces_and_a_piece_may_hold_several_frames() -> None:
    echo = Echo()
    with listening(echo) as port, connect(port) as peer:
        peer.sendall(b"\x0bfi")
        until(lambda: buffers(echo) == [b"\x0bfi"], "the first piece")
        peer.sendall(b"rst\x1c")
        until(lambda: buffers(echo) == [b"\x0bfirst\x1c"], "the second piece")
        peer.sendall(b"\r\x0bsecond\x1c\r\x0bthird\x1c\r")
        data = b""
        while data.count(b"\x1c\r") < 3:
            data += peer.recv(4096)
    assert data == FRAME % b"first" + FRAME % b"second" + FRAME % b"third"


@pytest.mark.parametrize("end", [b"\x1c\r", b"\x1c\n", b"\x1c\x0bnext\x1c\r"])
def test_a_frame_may_end_in_a_line_feed_or_with_the_start_of_the_next_one(end: bytes) -> None:
    with listening(Echo()) as port, connect(port) as peer:
        peer.sendall(b"\x0bmessage" + end)
        assert read(peer).startswith(FRAME % b"message")


def test_doubled_framing_is_stripped() -> None:
    with listening(Echo()) as port, connect(port) as peer:
        peer.sendall(b"\x0b\x0bmessage\x1c\r")
        assert read(peer) == FRAME % b"message"


def test_a_frame_that_was_cut_off_before_a_new_start_mark_is_thrown_away() -> None:
    echo = Echo()
    with listening(echo) as port, connect(port) as peer:
        peer.sendall(b"\x0bhalf a mes\x0bwhole\x1c\r")
        assert read(peer) == FRAME % b"whole"
    assert [each.raw for batch in echo.batches for each in batch] == [b"whole"]


def test_a_message_over_the_limit_is_answered_and_the_connection_stays_open() -> None:
    echo = Echo()
    with listening(echo, Limits(message=5000)) as port, connect(port) as peer:
        peer.sendall(FRAME % (b"MSH" + b"x" * 100_000))
        assert read(peer) == FRAME % b"big"
        peer.sendall(FRAME % b"small")
        assert read(peer) == FRAME % b"small"
    big = echo.batches[0][0]
    assert (big.oversize, big.raw[:4], len(big.raw)) == (True, b"MSHx", 4095)


def test_messages_of_several_connections_are_answered_together() -> None:
    echo = Echo()
    gate = threading.Event()
    echo.before = lambda: assert_opens(gate)
    with listening(echo) as port:
        peers = [connect(port) for _ in range(8)]
        for number, peer in enumerate(peers):
            peer.sendall(FRAME % str(number).encode())
        # The first batch waits at the gate, and the frames read meanwhile gather behind it.
        until(lambda: echo.reads == len(peers), "all frames")
        gate.set()
        assert [read(peer) for peer in peers] == [FRAME % str(n).encode() for n in range(8)]
        for peer in peers:
            peer.close()
    assert len(echo.batches) <= 3


def assert_opens(gate: threading.Event) -> None:
    assert gate.wait(5)


def buffers(echo: Echo) -> list[bytes]:
    """Return the received bytes of each connection that are not yet part of a whole frame."""
    return [bytes(each._buffer) for each in list(echo.listener.connections)]


def test_frames_that_come_while_others_are_read_go_with_them_up_to_a_limit() -> None:
    echo = Echo()
    answered = threading.Event()
    echo.before = answered.set
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(listening(echo))
        peers = [stack.enter_context(connect(port)) for _ in range(70)]
        until(lambda: len(echo.listener.connections) == len(peers), "the connections")
        first, *unsent = peers

        def send_the_next_frame_while_one_is_read() -> None:
            if unsent:
                unsent.pop().sendall(FRAME % b"X")
            else:
                answered.wait(5)  # the first batch is being answered while the last frame is read

        echo.reading = send_the_next_frame_while_one_is_read
        first.sendall(FRAME % b"X")
        for peer in peers:
            assert read(peer) == FRAME % b"X"
    assert [len(batch) for batch in echo.batches] == [64, 6]


def test_each_connection_has_one_message_in_flight() -> None:
    echo = Echo()
    with listening(echo) as port, connect(port) as peer:
        peer.sendall(b"".join(FRAME % str(n).encode() for n in range(5)))
        data = b""
        while data.count(b"\x1c\r") < 5:
            data += peer.recv(4096)
    assert [len(batch) for batch in echo.batches] == [1] * 5


def test_a_peer_that_sends_a_frame_too_slowly_is_dropped_and_others_are_served() -> None:
    with listening(Echo(), Limits(frame_seconds=0.2)) as port, connect(port) as slow:
        slow.sendall(b"\x0bnever en")
        with MllpClient("127.0.0.1", port) as client:
            assert client.send(b"quick") == b"quick"
        slow.settimeout(5)
        assert closed(slow)


def test_a_peer_that_has_closed_its_side_gets_every_answer() -> None:
    echo = Echo()
    echo.before = lambda: until(
        lambda: all(each._ended for each in list(echo.listener.connections)), "the end"
    )
    with listening(echo) as port, connect(port) as connection:
        connection.sendall(b"".join(FRAME % b"MSH|%d" % each for each in range(5)))
        connection.shutdown(socket.SHUT_WR)
        answered = b""
        while chunk := connection.recv(4096):
            answered += chunk
    assert answered == b"".join(FRAME % b"MSH|%d" % each for each in range(5))


def test_messages_sent_ahead_are_all_answered_however_large_they_are() -> None:
    large = FRAME % (b"MSH|" + b"x" * 50_000)
    with listening(Echo()) as port, connect(port) as connection:
        sender = threading.Thread(target=lambda: connection.sendall(large * 40))
        sender.start()
        answered = 0
        while answered < len(large) * 40:
            answered += len(connection.recv(1 << 16))
        sender.join(5)
    assert answered == len(large) * 40


def test_a_peer_that_sends_more_than_is_answered_is_read_no_further() -> None:
    echo = Echo()
    gate = threading.Event()
    echo.before = lambda: assert_opens(gate)
    frame = FRAME % (b"MSH|" + b"x" * 2_000)
    ahead = frame * 50
    with listening(echo) as port, connect(port) as connection:
        until(lambda: echo.listener.connections, "the connection")
        connection.setblocking(False)
        sent = 0

        def is_read_no_further() -> bool:
            nonlocal sent
            with contextlib.suppress(BlockingIOError):
                while True:
                    sent += connection.send(ahead[sent % len(ahead) :])
            return all(each._paused for each in list(echo.listener.connections))

        until(is_read_no_further, "a pause in reading")
        (held,) = buffers(echo)
        assert 1 << 16 < len(held) <= 1 << 17
        gate.set()
        connection.setblocking(True)
        answered = 0
        while answered < sent // len(frame) * len(frame):
            answered += len(connection.recv(1 << 16))


def test_a_connection_may_be_idle_longer_than_a_frame_may_take() -> None:
    limits = Limits(frame_seconds=0.1)
    with listening(Echo(), limits) as port, MllpClient("127.0.0.1", port) as idle:
        idle.send(b"one")
        with connect(port) as slow:
            slow.sendall(b"\x0bnever en")
            assert closed(slow)
        assert idle.send(b"two") == b"two"


def test_a_connection_over_the_limit_is_refused_and_the_first_is_served() -> None:
    limits = Limits(connections=1)
    with listening(Echo(), limits) as port, MllpClient("127.0.0.1", port) as first:
        first.send(b"one")
        with MllpClient("127.0.0.1", port) as second, pytest.raises(NoAnswer):
            second.send(b"two")
        assert first.send(b"three") == b"three"


def test_a_message_in_flight_is_answered_although_the_listener_is_stopped() -> None:
    echo = Echo()
    echo.before = lambda: until(lambda: echo.listener.stopping, "the stop")
    with listening(echo) as port:
        peer = connect(port)
        peer.sendall(FRAME % b"last")
        until(lambda: echo.reads, "the message")
    assert read(peer) == FRAME % b"last"
    peer.close()
