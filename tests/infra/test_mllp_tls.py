"""TLS on the listener: which clients may connect, and under which name."""

import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.mllp import Frame, tls_context
from tests.certificates import Issuer
from tests.infra import mllp_listening


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path)


@contextmanager
def listening(context: ssl.SSLContext, seen: list[Frame]) -> Iterator[int]:
    def answer(frames: Sequence[Frame]) -> list[bytes]:
        seen.extend(frames)
        return [each.raw for each in frames]

    with mllp_listening.listening(lambda frame: frame, answer, tls=context) as (_, port):
        yield port


def ask(port: int, context: ssl.SSLContext | None) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 5) as plain:
        if context is None:
            plain.sendall(b"\x0bplain\x1c\r")
            return plain.recv(100)
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as peer:
            peer.sendall(b"\x0bsealed\x1c\r")
            return peer.recv(100)


def client(issuer: Issuer, certificate: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(issuer.file))
    if certificate is not None:
        context.load_cert_chain(str(certificate))
    return context


def test_a_client_is_known_by_its_certificate(issuer: Issuer) -> None:
    seen = list[Frame]()
    server = tls_context(str(issuer.issue("server")), None, str(issuer.file))
    with listening(server, seen) as port:
        answer = ask(port, client(issuer, issuer.issue("mercy-adt")))
    assert answer == b"\x0bsealed\x1c\r"
    assert [frame.peer.certificate for frame in seen] == ["mercy-adt"]


def test_a_client_without_a_certificate_is_refused_if_the_listener_asks_for_one(
    issuer: Issuer,
) -> None:
    seen = list[Frame]()
    server = tls_context(str(issuer.issue("server")), None, str(issuer.file))
    with listening(server, seen) as port:
        try:
            answer = ask(port, client(issuer, None))
        except (ssl.SSLError, ConnectionError):
            answer = b""
    assert answer == b""
    assert seen == []


def test_a_plain_peer_gets_no_answer_from_a_tls_listener(issuer: Issuer) -> None:
    seen = list[Frame]()
    server = tls_context(str(issuer.issue("server")), None, None)
    with listening(server, seen) as port:
        try:
            answer = ask(port, None)
        except ConnectionError:
            answer = b""
    assert b"plain" not in answer
    assert seen == []
