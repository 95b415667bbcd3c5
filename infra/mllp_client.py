"""Send messages by MLLP and read their whole acknowledgements.

An answer belongs to the message whose MSH-10 is its MSA-2 (HL7 v2.9.1 chapter 2, 2.9). An answer
that names another message is kept apart: it came late, or the listener mixed messages up.
"""

import re
import socket
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, NamedTuple, Self

from infra.mllp_connection import BARE_END_SECONDS, END, END_MARK, START

_MSA: Final = re.compile(rb"(?:^|[\r\n])MSA(.)([A-Z]{2})(?:\1([^\r\n]*))?")
_CONTROL_ID, _APPLICATION_ANSWER = 9, 15  # MSH-10 and MSH-16 after a split
#: Some listeners cut MSA-2 to 20 characters, the longest MSH-10 before HL7 2.7.
_OLD_CONTROL_ID: Final = 20
#: Seconds that an application's answer may take after CA, if MSH-16 does not ask for one.
_PATIENCE: Final = 2.0
_IMPATIENCE: Final = 0.05  # the same, once a listener has sent no such answer


class NoAnswer(Exception):
    """The peer gave no whole acknowledgement; it is not known whether it has the message."""


class Answer(NamedTuple):
    """An acknowledgement that names a message."""

    code: str  # MSA-1
    control_id: str  # MSA-2


def code_of(acknowledgement: bytes) -> str:
    """Return MSA-1 (AA, AE, AR, CA, CE or CR); empty if the answer has no MSA."""
    found = _MSA.search(acknowledgement)
    return found[2].decode("ascii") if found else ""


def _named(acknowledgement: bytes) -> bytes:
    """Return MSA-2, which names the message; empty if the answer names none."""
    found = _MSA.search(acknowledgement)
    return (found[3] or b"").split(found[1])[0].strip() if found else b""


def _fields_of_msh(message: bytes) -> tuple[bytes, ...]:
    """Return MSH split at its separator; empty fields if it cannot be read, as in UTF-16."""
    head = message.removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\r")[0].partition(b"\n")[0]
    fields = head.split(head[3:4]) if head[:3] == b"MSH" and head[3:4] else []
    return (*fields, *[b""] * (_APPLICATION_ANSWER + 1))


@dataclass(slots=True)
class MllpClient:
    """One connection, opened by the first ``send`` and opened again after a failure."""

    host: str
    port: int
    timeout: float = 30.0  # seconds, for each answer
    others: list[Answer] = field(default_factory=list, init=False)  # that named other messages
    _socket: socket.socket | None = field(default=None, init=False, repr=False)
    _rest: bytes = field(default=b"", init=False, repr=False)
    _patience: float = field(default=_PATIENCE, init=False, repr=False)

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

        CA says that the listener has the message. The answer of its application follows, and is
        returned. If MSH-16 says that no answer follows (NE), or if none comes, CA is returned.

        Raises:
            NoAnswer: The connection failed, or no answer came in ``timeout`` seconds.
        """
        fields = _fields_of_msh(message)
        try:
            if self._socket is None:
                self._socket = socket.create_connection((self.host, self.port), self.timeout)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.settimeout(self.timeout)
            self._socket.sendall(START + message + b"\x1c\r")
            answer = self._own_answer(self._socket, fields[_CONTROL_ID].strip(), self.timeout)
            wanted = fields[_APPLICATION_ANSWER].strip().upper()
            if code_of(answer) == "CA" and wanted != b"NE":
                return self._application_answer(answer, fields[_CONTROL_ID].strip(), wanted)
        except OSError as error:
            self.close()
            raise NoAnswer(type(error).__name__) from error
        return answer

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

    def _application_answer(self, accepted: bytes, control_id: bytes, wanted: bytes) -> bytes:
        """Return the answer of the application after CA or, if none comes, CA."""
        always = wanted == b"AL"
        if self._socket is None:  # the listener closed the connection after CA
            return accepted
        try:
            answer = self._own_answer(
                self._socket, control_id, self.timeout if always else self._patience
            )
        except TimeoutError:
            if not always:
                self._patience = _IMPATIENCE
            return accepted
        except OSError:  # the listener says no more
            self.close()
            return accepted
        self._patience = _PATIENCE
        return answer

    def _own_answer(self, connection: socket.socket, control_id: bytes, seconds: float) -> bytes:
        """Return the next answer that names this message, or that names none."""
        deadline = time.monotonic() + seconds
        while True:
            answer = self._answer(connection, deadline)
            named = _named(answer)
            cut = len(named) >= _OLD_CONTROL_ID and control_id.startswith(named)
            if not named or not control_id or named == control_id or cut:
                return answer
            self.others.append(Answer(code_of(answer), named.decode("utf-8", "replace")))

    def _answer(self, connection: socket.socket, deadline: float) -> bytes:
        """Return the next answer, without the frame.

        The answer may end as a message to the listener may: in 1C and CR or LF, or in 1C alone. If
        1C is alone, the next frame, silence or the end of the connection shows that it is the end.
        """
        while (end := END.search(self._rest)) is None:
            ended = self._rest.endswith(END_MARK)
            left = max(deadline - time.monotonic(), 0.001)
            connection.settimeout(min(left, BARE_END_SECONDS) if ended else left)
            try:
                chunk = connection.recv(65536)
            except TimeoutError:
                if not ended:
                    raise
                return self._taken(len(self._rest) - len(END_MARK), len(self._rest))
            if not chunk and not ended:
                raise ConnectionResetError
            if not chunk:
                answer = self._taken(len(self._rest) - len(END_MARK), len(self._rest))
                self.close()
                return answer
            self._rest += chunk
        return self._taken(end.start(), end.end())

    def _taken(self, start: int, end: int) -> bytes:
        """Take the answer before ``start`` out of what was received, up to ``end``."""
        answer = self._rest[:start].rpartition(START)[2]
        self._rest = self._rest[end:]
        return answer
