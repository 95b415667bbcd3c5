"""The client that sends messages: which answer belongs to which message."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from infra.mllp_client import Answer, MllpClient, NoAnswer, code_of

#: Returns the answers to a message, by its MSH-10; a number waits so many seconds.
Script = Callable[[str], Sequence[bytes | float]]


def message(control_id: str, accept: str = "", application: str = "") -> bytes:
    text = f"MSH|^~\\&|A|B|C|D|20260302101500||ADT^A08|{control_id}|P|2.5|||{accept}|{application}"
    return (text.rstrip("|") + "\rPID|1||1\r").encode()


def ack(code: str, control_id: str) -> bytes:
    return f"MSH|^~\\&|C|D|A|B|20260302101501||ACK|9|P|2.5\rMSA|{code}|{control_id}|text\r".encode()


@contextmanager
def answering(script: Script, *, end: bytes = b"\x1c\r", closes: bool = False) -> Iterator[int]:
    """Run a listener that answers as the script says; give its port.

    Args:
        script: Returns the answers.
        end: The end of each answer.
        closes: Whether the listener closes the connection after its answers to a message.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                with peer:
                    answer_all(peer)

        def answer_all(peer: socket.socket) -> None:
            data = b""
            while chunk := peer.recv(4096):
                data += chunk
                while b"\x1c\r" in data:
                    frame, _, data = data.partition(b"\x1c\r")
                    for each in script(frame.split(b"|")[9].decode()):
                        if isinstance(each, float):
                            time.sleep(each)
                        else:
                            peer.sendall(b"\x0b" + each + end)
                    if closes:
                        return

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def codes(script: Script, *sent: bytes, timeout: float = 5.0) -> tuple[list[str], list[Answer]]:
    with answering(script) as port, MllpClient("127.0.0.1", port, timeout) as client:
        return [code_of(client.send(each)) for each in sent], client.others


THREE = [message("E1"), message("E2"), message("E3")]


def test_the_answer_of_the_application_follows_ca() -> None:
    assert codes(lambda sent: [ack("CA", sent), ack("AA", sent)], *THREE) == (["AA"] * 3, [])
    assert codes(lambda sent: [ack("CA", sent), 0.2, ack("AE", sent)], *THREE) == (["AE"] * 3, [])


def test_ca_alone_is_the_answer_if_no_other_follows() -> None:
    assert codes(lambda sent: [ack("CA", sent)], *THREE) == (["CA"] * 3, [])


def test_after_ca_an_answer_that_msh_16_asks_for_is_awaited_and_one_that_it_excludes_is_not() -> (
    None
):
    late = [message("E1", "AL", "AL"), message("E2", "AL", "AL")]
    assert codes(lambda sent: [ack("CA", sent), 2.5, ack("AA", sent)], *late)[0] == ["AA", "AA"]
    both = codes(lambda sent: [ack("CA", sent), ack("AA", sent)], message("E1", "AL", "NE"))
    assert both[0] == ["CA"]


def test_an_answer_that_names_another_message_is_kept_apart() -> None:
    def late(sent: str) -> list[bytes | float]:
        """Answer the message before this one, and then this one."""
        before = f"E{int(sent[1:]) - 1}"
        return [ack("AE", before), ack("AA", sent)]

    assert codes(late, *THREE) == (
        ["AA"] * 3,
        [Answer("AE", "E0"), Answer("AE", "E1"), Answer("AE", "E2")],
    )


def test_an_answer_to_another_message_alone_is_no_answer() -> None:
    with answering(lambda _sent: [ack("AA", "WRONG")]) as port:
        client = MllpClient("127.0.0.1", port, timeout=0.3)
        with client, pytest.raises(NoAnswer):
            client.send(message("E1"))
        assert client.others == [Answer("AA", "WRONG")]


def test_an_answer_without_msa_2_or_with_a_cut_one_is_of_the_message_in_flight() -> None:
    assert codes(lambda _sent: [ack("AR", "")], *THREE)[0] == ["AR"] * 3
    long = message("LONG-CONTROL-ID-0123456789")
    assert codes(lambda sent: [ack("AA", sent[:20])], long) == (["AA"], [])


@pytest.mark.parametrize("end", [b"\x1c\n", b"\x1c\r\n", b"\x1c"])
def test_an_answer_may_end_in_a_line_feed_or_in_the_end_mark_alone(end: bytes) -> None:
    def twice(sent: str) -> list[bytes | float]:
        return [ack("CA", sent), ack("AA", sent)]

    for script, code in ((lambda sent: [ack("AA", sent)], "AA"), (twice, "AA")):
        with answering(script, end=end) as port, MllpClient("127.0.0.1", port, 5) as client:
            assert [code_of(client.send(each)) for each in THREE] == [code] * 3
            assert client.others == []


@pytest.mark.parametrize("code", ["AA", "CA"])
def test_an_answer_that_ends_with_the_connection_is_taken(code: str) -> None:
    with (
        answering(lambda sent: [ack(code, sent)], end=b"\x1c", closes=True) as port,
        MllpClient("127.0.0.1", port, 5) as client,
    ):
        assert [code_of(client.send(each)) for each in THREE] == [code] * 3


def test_an_answer_that_is_cut_off_is_none() -> None:
    with (
        answering(lambda sent: [ack("AA", sent)], end=b"", closes=True) as port,
        MllpClient("127.0.0.1", port, 5) as client,
        pytest.raises(NoAnswer),
    ):
        client.send(message("E1"))


def test_a_message_in_utf_16_takes_the_next_answer() -> None:
    with (
        answering(lambda _sent: [ack("AA", "E1")]) as port,
        MllpClient("127.0.0.1", port) as client,
    ):
        filler = b"|" * 9  # the script reads a tenth field
        assert code_of(client.send(message("E1").decode().encode("utf-16") + filler)) == "AA"
        assert code_of(client.send(b"\xef\xbb\xbf" + message("E1"))) == "AA"
