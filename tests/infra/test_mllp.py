"""The listener as a peer meets it: over a socket, whole and broken frames."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from infra.mllp import Frame, Limits, Listener
from infra.mllp_client import MllpClient, NoAnswer

FRAME = b"\x0b%b\x1c\r"


class Echo:
    """Answers each frame with its own bytes, and remembers which came together."""

    def __init__(self) -> None:
        self.batches: list[list[Frame]] = []
        self.before: Callable[[], None] = lambda: None
        self.reading: Callable[[], None] = lambda: None
        self.listeners: list[Listener[Frame]] = []

    def read(self, frame: Frame) -> Frame:
        self.reading()
        return frame

    def __call__(self, frames: Sequence[Frame]) -> list[bytes]:
        self.before()
        self.batches.append(list(frames))
        return [b"big" if each.oversize else each.raw for each in frames]


@contextmanager
def listening(answer: Echo, limits: Limits | None = None) -> Iterator[int]:
    ready, stop = threading.Event(), threading.Event()
    ports: list[int] = []

    async def serve() -> None:
        listener = Listener(answer.read, answer, host="127.0.0.1", port=0, limits=limits)
        answer.listeners.append(listener)
        ports.append(await listener.start())
        ready.set()
        await asyncio.to_thread(stop.wait)
        await listener.stop()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(5)
    try:
        yield ports[0]
    finally:
        stop.set()
        thread.join(15)
        assert not thread.is_alive()


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


def test_a_frame_may_come_in_pieces_and_several_in_one() -> None:
    with listening(Echo()) as port, connect(port) as peer:
        for piece in (b"\x0bfi", b"rst\x1c", b"\r\x0bsecond\x1c\r\x0bthird\x1c\r"):
            peer.sendall(piece)
            time.sleep(0.02)
        data = b""
        while data.count(b"\x1c\r") < 3:
            data += peer.recv(4096)
    assert data == FRAME % b"first" + FRAME % b"second" + FRAME % b"third"


@pytest.mark.parametrize("end", [b"\x1c\r", b"\x1c\n", b"\x1c\x0bnext\x1c\r"])
def test_the_end_of_a_frame_is_seen_as_senders_write_it(end: bytes) -> None:
    with listening(Echo()) as port, connect(port) as peer:
        peer.sendall(b"\x0bmessage" + end)
        assert read(peer).startswith(FRAME % b"message")


def test_doubled_framing_is_stripped() -> None:
    with listening(Echo()) as port, connect(port) as peer:
        peer.sendall(b"\x0b\x0bmessage\x1c\r")
        assert read(peer) == FRAME % b"message"


def test_what_was_cut_off_before_a_new_frame_is_no_message() -> None:
    echo = Echo()
    with listening(echo) as port, connect(port) as peer:
        peer.sendall(b"\x0bhalf a mes\x0bwhole\x1c\r")
        assert read(peer) == FRAME % b"whole"
    assert [each.raw for batch in echo.batches for each in batch] == [b"whole"]


def test_a_message_over_the_limit_is_answered_and_the_connection_lives() -> None:
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
        time.sleep(0.2)  # the first batch waits at the gate; the others gather behind it
        gate.set()
        assert [read(peer) for peer in peers] == [FRAME % str(n).encode() for n in range(8)]
        for peer in peers:
            peer.close()
    assert len(echo.batches) <= 3


def assert_opens(gate: threading.Event) -> None:
    assert gate.wait(5)


def test_what_comes_while_others_are_read_goes_with_them_but_not_without_end() -> None:
    echo = Echo()
    answered = threading.Event()
    echo.before = answered.set
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(listening(echo))
        peers = [stack.enter_context(connect(port)) for _ in range(70)]
        (listener,) = echo.listeners
        while len(listener.connections) < len(peers):
            time.sleep(0.01)
        first, *unsent = peers

        def while_one_is_read_the_next_one_comes() -> None:
            if unsent:
                unsent.pop().sendall(FRAME % b"X")
            else:
                answered.wait(5)  # those before are on their way while the last one is read

        echo.reading = while_one_is_read_the_next_one_comes
        first.sendall(FRAME % b"X")
        for peer in peers:
            assert read(peer) == FRAME % b"X"
    assert [len(batch) for batch in echo.batches] == [64, 6]


def test_one_message_of_a_connection_is_in_flight() -> None:
    echo = Echo()
    with listening(echo) as port, connect(port) as peer:
        peer.sendall(b"".join(FRAME % str(n).encode() for n in range(5)))
        data = b""
        while data.count(b"\x1c\r") < 5:
            data += peer.recv(4096)
    assert [len(batch) for batch in echo.batches] == [1] * 5


def test_a_peer_too_slow_with_its_frame_is_dropped_and_others_are_served() -> None:
    with listening(Echo(), Limits(frame_seconds=0.2)) as port, connect(port) as slow:
        slow.sendall(b"\x0bnever en")
        with MllpClient("127.0.0.1", port) as client:
            assert client.send(b"quick") == b"quick"
        slow.settimeout(5)
        assert closed(slow)


def test_who_sent_all_and_closed_its_side_gets_every_answer() -> None:
    echo = Echo()
    echo.before = lambda: time.sleep(0.05)  # answers come after the end was seen
    with listening(echo) as port, connect(port) as connection:
        connection.sendall(b"".join(FRAME % b"MSH|%d" % each for each in range(5)))
        connection.shutdown(socket.SHUT_WR)
        answered = b""
        while chunk := connection.recv(4096):
            answered += chunk
    assert answered == b"".join(FRAME % b"MSH|%d" % each for each in range(5))


def test_much_sent_ahead_is_taken_in_as_it_is_answered() -> None:
    large = FRAME % (b"MSH|" + b"x" * 50_000)
    with listening(Echo()) as port, connect(port) as connection:
        sender = threading.Thread(target=lambda: connection.sendall(large * 40))
        sender.start()
        answered = 0
        while answered < len(large) * 40:
            answered += len(connection.recv(1 << 16))
        sender.join(5)
    assert answered == len(large) * 40


def test_a_peer_that_sends_far_more_than_is_answered_fills_no_memory() -> None:
    echo = Echo()
    echo.before = lambda: time.sleep(0.005)
    small = FRAME % b"MSH|small" * 500
    with listening(echo) as port, connect(port) as connection:
        connection.settimeout(0.01)
        most, until = 0, time.monotonic() + 1.5
        while time.monotonic() < until:
            with contextlib.suppress(TimeoutError):
                connection.sendall(small)
            held = [len(each._buffer) for each in echo.listeners[0].connections]
            most = max([most, *held])
    assert 0 < most <= 3 << 16


def test_an_idle_connection_is_kept() -> None:
    limits = Limits(frame_seconds=0.1)
    with listening(Echo(), limits) as port, MllpClient("127.0.0.1", port) as client:
        client.send(b"one")
        time.sleep(0.4)
        assert client.send(b"two") == b"two"


def test_connections_over_the_limit_are_turned_away() -> None:
    limits = Limits(connections=1)
    with listening(Echo(), limits) as port, MllpClient("127.0.0.1", port) as first:
        first.send(b"one")
        with MllpClient("127.0.0.1", port) as second, pytest.raises(NoAnswer):
            second.send(b"two")
        assert first.send(b"three") == b"three"


def test_stopping_answers_what_is_in_flight() -> None:
    echo = Echo()
    echo.before = lambda: time.sleep(0.3)
    with listening(echo) as port:
        peer = connect(port)
        peer.sendall(FRAME % b"last")
        time.sleep(0.1)
    assert read(peer) == FRAME % b"last"
    peer.close()
