"""The listener as a peer sees it: over a socket, with whole and broken frames."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from infra.mllp import Frame, Limits, Listener
from infra.mllp_client import MllpClient, NoAnswer
from infra.mllp_connection import LARGE
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


def connect(port: int, host: str = "127.0.0.1") -> socket.socket:
    """Connect from a loopback address of its own, so that the listener sees another host."""
    return socket.create_connection(("127.0.0.1", port), 5, source_address=(host, 0))


def read(connection: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\x1c\r"):
        chunk = connection.recv(1 << 16)
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
    assert gate.wait(60)


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
                answered.wait(60)  # the first batch is being answered while the last frame is read

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
        slow.settimeout(60)
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


def test_a_connection_over_the_limit_takes_the_place_of_an_idle_one() -> None:
    limits = Limits(connections=2)
    with listening(Echo(), limits) as port, contextlib.ExitStack() as stack:
        first, second, third = (
            stack.enter_context(MllpClient("127.0.0.1", port)) for _ in range(3)
        )
        first.send(b"one")
        second.send(b"two")
        first.send(b"three")
        assert third.send(b"four") == b"four"
        assert first.send(b"five") == b"five"
        with pytest.raises(NoAnswer):  # it was idle for the longest time
            second.send(b"six")


def test_a_flood_of_connections_closes_itself_and_no_sender_between_two_messages() -> None:
    limits = Limits(connections_of_host=8)
    with listening(Echo(), limits) as port, contextlib.ExitStack() as stack:
        sender = stack.enter_context(MllpClient("127.0.0.1", port))
        sender.send(b"one")
        for _ in range(40):
            stack.enter_context(connect(port))
        assert sender.send(b"two") == b"two"


def test_a_connection_over_the_limit_is_refused_if_none_is_idle() -> None:
    echo = Echo()
    gate = threading.Event()
    echo.before = lambda: assert_opens(gate)
    with (
        listening(echo, Limits(connections=2)) as port,
        connect(port) as busy,
        connect(port) as slow,
    ):
        busy.sendall(FRAME % b"one")
        slow.sendall(b"\x0bbegun")
        until(lambda: echo.reads == 1, "the message")
        until(lambda: any(b"begun" in each for each in buffers(echo)), "the beginning")
        with connect(port) as third:
            assert closed(third)
        gate.set()
        assert read(busy) == FRAME % b"one"


def test_idle_connections_of_one_host_do_not_shut_another_host_out() -> None:
    limits = Limits(connections=12, connections_of_host=8)
    echo = Echo()
    with listening(echo, limits) as port, contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(connect(port))
        other = stack.enter_context(connect(port, "127.0.0.2"))
        other.sendall(FRAME % b"other")
        assert read(other) == FRAME % b"other"
        until(lambda: len(echo.listener.connections) == 9, "the limit of the first host")
        for _ in range(6):
            stack.enter_context(connect(port, "127.0.0.3"))
        other.sendall(FRAME % b"again")
        assert read(other) == FRAME % b"again"
        assert len(echo.listener.connections) == 12


def test_a_large_message_does_not_delay_a_small_one() -> None:
    echo = Echo()
    gate = threading.Event()
    large = FRAME % (b"L" * (LARGE + 1))

    def hold() -> None:
        if threading.current_thread().name == "mllp-large":
            assert_opens(gate)

    echo.reading = hold
    with listening(echo) as port, connect(port) as slow, MllpClient("127.0.0.1", port) as quick:
        slow.sendall(large)
        until(lambda: echo.reads, "the large message")
        assert quick.send(b"small") == b"small"
        gate.set()
        assert read(slow) == large


def test_the_listener_says_for_how_long_a_batch_waits_for_its_answers() -> None:
    echo = Echo()
    gate = threading.Event()
    echo.before = lambda: assert_opens(gate)
    with listening(echo) as port, connect(port) as peer:
        assert echo.listener.stuck_seconds() == 0
        peer.sendall(FRAME % b"one")
        until(lambda: echo.listener.stuck_seconds() > 0.1, "a batch that waits")
        gate.set()
        assert read(peer) == FRAME % b"one"
        until(lambda: echo.listener.stuck_seconds() == 0, "its end")


def test_only_some_large_messages_are_received_at_a_time() -> None:
    size = 16 << 20  # so that one host may have one of them in memory
    echo = Echo()
    with listening(echo, Limits(message=size)) as port, contextlib.ExitStack() as stack:
        first, second, small = (stack.enter_context(connect(port)) for _ in range(3))
        part = b"\x0b" + b"x" * (1 << 20)
        first.sendall(part)
        until(lambda: any(each._large for each in list(echo.listener.connections)), "the first")
        sender = threading.Thread(target=lambda: second.sendall(part + b"\x1c\r"))
        sender.start()
        until(lambda: any(each._waits for each in list(echo.listener.connections)), "the second")
        assert max(map(len, sorted(buffers(echo), key=len)[:-1])) <= 2 * LARGE + (1 << 16)
        small.sendall(FRAME % b"small")
        assert read(small) == FRAME % b"small"
        first.sendall(b"\x1c\r")
        assert read(first) == part + b"\x1c\r"
        assert read(second) == part + b"\x1c\r"
        sender.join(5)


def test_the_log_names_the_cause_of_a_frame_that_is_dropped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with listening(Echo(), Limits(frame_seconds=0.4)) as port:
        for sent in (b"\x0bno CR\x1c", b"\x0bnever en", b"no start"):
            with connect(port) as peer:
                peer.sendall(sent)
                assert closed(peer)
        with connect(port) as peer:
            peer.sendall(b"\x0bcut of")
            peer.shutdown(socket.SHUT_WR)
            assert closed(peer)
    logged = capsys.readouterr().out
    for cause in ("end_without_cr", "too_slow", "no_start", "cut_off"):
        assert f"reason={cause}" in logged, cause


def test_the_log_says_once_that_a_frame_ended_without_cr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logged = ""

    def is_logged() -> bool:
        nonlocal logged
        logged += capsys.readouterr().out
        return "frame.end_without_cr" in logged

    with listening(Echo()) as port, connect(port) as peer:
        peer.sendall(b"\x0bno CR\x1c")
        until(is_logged, "the quarter of a second")
        peer.shutdown(socket.SHUT_WR)
        assert closed(peer)
    logged += capsys.readouterr().out
    assert logged.count("frame.end_without_cr") == 1
    assert "state=" not in logged


@pytest.mark.parametrize("closes", [True, False])
def test_a_sender_that_may_leave_out_the_cr_is_answered(closes: bool) -> None:  # noqa: FBT001
    echo = Echo()
    with mllp_listening.listening(
        echo.read, echo, accepts_bare_end=lambda frame: frame.raw.startswith(b"MSH|LENIENT")
    ) as (echo.listener, port):
        with connect(port) as peer:
            peer.sendall(b"\x0bMSH|LENIENT|one\x1c")
            if closes:
                peer.shutdown(socket.SHUT_WR)
            assert read(peer) == FRAME % b"MSH|LENIENT|one"
            if not closes:
                peer.sendall(b"\r\x0bMSH|LENIENT|two\x1c\r")
                assert read(peer) == FRAME % b"MSH|LENIENT|two"
        with connect(port) as peer:
            peer.sendall(b"\x0bMSH|STRICT|one\x1c")
            peer.shutdown(socket.SHUT_WR)
            assert closed(peer)


def test_a_message_in_flight_is_answered_although_the_listener_is_stopped() -> None:
    echo = Echo()
    echo.before = lambda: until(lambda: echo.listener.stopping, "the stop")
    with listening(echo) as port:
        peer = connect(port)
        peer.sendall(FRAME % b"last")
        until(lambda: echo.reads, "the message")
    assert read(peer) == FRAME % b"last"
    peer.close()
