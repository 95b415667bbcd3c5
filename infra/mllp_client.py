"""Send messages by MLLP and read their whole acknowledgements."""

import re
import socket
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

_END: Final = b"\x1c\r"
_MSA: Final = re.compile(rb"(?:^|[\r\n])MSA(.)([A-Z]{2})")


class NoAnswer(Exception):
    """The peer gave no whole acknowledgement; it is not known whether it has the message."""


def code_of(acknowledgement: bytes) -> str:
    """Return MSA-1 (AA, AE, AR, CA, CE or CR); empty if the answer has no MSA."""
    found = _MSA.search(acknowledgement)
    return found[2].decode("ascii") if found else ""


@dataclass(slots=True)
class MllpClient:
    """One connection, opened by the first ``send`` and opened again after a failure."""

    host: str
    port: int
    timeout: float = 30.0  # seconds, for each answer
    _socket: socket.socket | None = field(default=None, init=False, repr=False)
    _rest: bytes = field(default=b"", init=False, repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next ``send`` opens another."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._rest = None, b""

    def send(self, message: bytes) -> bytes:
        """Send one message and return its whole acknowledgement, without the frame.

        Raises:
            NoAnswer: The connection failed, or no answer came in ``timeout`` seconds.
        """
        try:
            if self._socket is None:
                self._socket = socket.create_connection((self.host, self.port), self.timeout)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.sendall(b"\x0b" + message + _END)
            return self._answer(self._socket)
        except OSError as error:
            self.close()
            raise NoAnswer(type(error).__name__) from error

    def send_until_accepted(self, message: bytes, *, retries: int, delay: float = 1.0) -> bytes:
        """Send a message; send it again if its answer is lost or is AR (or CR).

        Args:
            message: The message, without the frame.
            retries: How often to send it again at most.
            delay: Seconds to wait before the second sending; each later wait is longer by as much.

        Raises:
            NoAnswer: The last sending had no answer.
        """
        for attempt in range(retries + 1):
            try:
                answer = self.send(message)
            except NoAnswer:
                if attempt == retries:
                    raise
            else:
                if code_of(answer) not in {"AR", "CR"} or attempt == retries:
                    return answer
            time.sleep(delay * (attempt + 1))
        raise NoAnswer  # not reached: the last attempt returns or raises

    def _answer(self, connection: socket.socket) -> bytes:
        data = self._rest
        while (end := data.find(_END)) < 0:
            chunk = connection.recv(65536)
            if not chunk:
                raise ConnectionResetError
            data += chunk
        self._rest = data[end + len(_END) :]
        return data[:end].rpartition(b"\x0b")[2]
