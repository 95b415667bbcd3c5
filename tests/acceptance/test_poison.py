"""Messages that once stopped all others, while another sender sends ten messages a second."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from caretrail.bootstrap import opened
from infra.mllp_client import MllpClient, code_of
from infra.settings import Settings
from tests.acceptance.command_line import SameProcess
from tests.acceptance.service import RunningService, serving
from tests.waiting import until

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]

ALONE = {"CARETRAIL_KAFKA": "false", "CARETRAIL_MLLP_PORT": "0", "CARETRAIL_HTTP_PORT": "0"}
RATE = 10  # messages a second, of the sender that must not wait
ANSWERED = 1.0  # seconds until each of its messages is acknowledged
SHOWN = 5.0  # seconds until it is in the read models
MEMORY = 400  # MB of the listener
MEGABYTE = 1_000_000


def adt(
    name: str,
    *rest: str,
    trigger: str = "A01",
    version: str = "2.5",
    pid: str = "",
    place: str = "4W^401^1^MERCY",
) -> bytes:
    return "\r".join(
        [
            f"MSH|^~\\&|ADT|MERCY|||20260301100000||ADT^{trigger}|{name}|P|{version}",
            "EVN||20260301100000",
            pid or f"PID|1||{name}^^^MERCY^MR||ALDER^ROWENA||19510602|F",
            f"PV1|1|I|{place}{'|' * 16}V{name[:20]}",
            *rest,
        ]
    ).encode()


def merge(name: str, count: int, size: int) -> bytes:
    retired = [f"MRG|{name}OLD{number}^^^MERCY^MR" for number in range(count)]
    return adt(name, *retired, "\r".join(["ZZZ|1|abcdefgh"] * (size // 15)), trigger="A40")


def poisons() -> Iterator[tuple[str, bytes, set[str]]]:
    """Yield the name, the bytes and the possible answers of each poison."""
    yield "version", adt("PV", version="2." + "5" * 5_000), {"AA"}
    for number, part in enumerate(("unit", "room", "bed", "facility")):
        codes = ["4W", "401", "1", "MERCY"]
        codes[number] = part * 1_000
        yield part, adt(f"P{part}", place="^".join(codes)), {"AA"}
    authority = "A" * 300_000
    yield "authority", adt("PA", pid=f"PID|1||PA^^^{authority}^MR||ALDER^A"), {"AE"}
    yield "two authorities", adt("PB", pid=f"PID|1||PB^^^{authority}~PB^^^MERCY"), {"AA"}
    yield "line feeds", adt("PL", "NTE|1||x" + "\nx" * (MEGABYTE // 2 - 500)), {"AA"}
    yield "only line feeds", adt("PM", "\n" * (MEGABYTE - 500)), {"AA"}
    yield "200 merges", merge("PG", 200, 300_000), {"AE"}
    yield "1000 merges", merge("PH", 1_000, 500_000), {"AE"}
    yield "99 merges", merge("PI", 99, 60_000), {"AA", "AE"}
    yield "numbers", adt("PN", pid="PID|1||" + "PN~" * 300_000), {"AA"}
    yield "names", adt("PO", pid="PID|1||PO^^^MERCY^MR||" + "A~" * 450_000), {"AA"}
    yield "words", adt("PW", pid="PID|1||PW^^^MERCY^MR||" + "AB " * 300_000), {"AA"}
    yield "segments", adt("PS", "\r".join(["ZZZ|1"] * (MEGABYTE // 7))), {"AA"}
    yield "control id", adt("7" * 900_000, pid="PID|1||PC^^^MERCY^MR"), {"AA"}
    for number in range(30):
        yield "long number", adt(f"PX{number}", pid=f"PID|1||{number}{'9' * 900_000}^^^M"), {"AE"}


@dataclass
class SteadySender:
    """Sends a message about another patient every tenth of a second."""

    address: tuple[str, int]
    answered: dict[str, float] = field(default_factory=dict)  # seconds, by control id
    refused: list[str] = field(default_factory=list)

    @contextmanager
    def sending(self) -> Iterator[None]:
        stop = threading.Event()

        def send() -> None:
            with MllpClient(*self.address) as client:
                number = 0
                while not stop.wait(1 / RATE):
                    number += 1
                    name = f"S{number}"
                    started = time.monotonic()
                    if code_of(client.send(adt(name))) != "AA":
                        self.refused.append(name)
                    self.answered[name] = time.monotonic() - started

        thread = threading.Thread(target=send)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(60)


def memory(service: RunningService) -> int:
    """Return the most memory that the listener has had, in MB."""
    (pid,) = service.pids("mllp")
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def shown_after(home: Path) -> float:
    """Return after how many seconds the read models hold everything that is recorded now."""
    with opened(Settings(home=home, kafka=False)) as application, application.connect() as db:
        index, started = application.store.max_index(), time.monotonic()
        until(
            lambda: application.read_models.complete_through(db) >= index, "every event projected"
        )
        return time.monotonic() - started


def test_no_message_stops_the_others(home: Path) -> None:
    line = SameProcess(home, ALONE)
    with serving(line, "mllp", "projector") as service, ExitStack() as stack:
        listener = service.pids("mllp")
        sender = SteadySender(service.mllp)
        with sender.sending():
            idle = [stack.enter_context(socket.create_connection(service.mllp)) for _ in range(600)]
            assert len(idle) == 600
            for name, raw, codes in poisons():
                with MllpClient(*service.mllp) as client:
                    code = code_of(client.send(raw))
                assert code in codes, name
            until(lambda: len(sender.answered) > 50, "some messages of the steady sender")
            shown = shown_after(home)
        assert not sender.refused
        assert max(sender.answered.values()) < ANSWERED
        assert shown < SHOWN
        assert memory(service) < MEMORY
        assert service.pids("mllp") == listener
        steady = len(sender.answered)
        until(lambda: len(line.objects("census")) >= steady, "every patient of the steady sender")
