"""Load a server with commands over HTTP, from one process, over connections that stay open.

``python -m benchmarks.command_client PORT CONNECTIONS SECONDS TOKEN`` gives commands until the
seconds have passed. Each connection requests a referral, takes steps on it, and begins again; it
has one command in flight. The result is printed as one line of JSON. Both sides are loaded by the
same client.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import count
from typing import Any, Final

from benchmarks.client import LoadResult
from infra.clock import new_id

_TARGET: Final = {"organisation": "CSC", "pool": "triage"}
#: What is told of each referral: the end of the address, and the body.
STORY: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    (
        "",
        {
            "patient": "NGH|{number}",
            "new_person": True,
            "requester": {"organisation": "NGH", "person": "dr-meriwether"},
            "target": _TARGET,
            "service": "CARDIOLOGY",
            "question": "Does the syncope need a pacemaker?",
        },
    ),
    ("/receive", {"by": _TARGET, "channel": "electronic"}),
    ("/accept", {"by": _TARGET}),
    ("/send-interim-note", {"by": _TARGET, "findings": "seen; a long-term ECG is planned"}),
    ("/send-outcome", {"by": _TARGET, "findings": "no pacemaker is needed"}),
)


@dataclass(slots=True)
class _CommandLoad:
    """What all connections share."""

    port: int
    token: str
    until: float
    numbers: Iterator[int] = field(default_factory=count)
    waits: list[float] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)


async def _talk(load: _CommandLoad) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", load.port)
    while time.perf_counter() < load.until:
        number = f"{next(load.numbers) % 500:06}"
        stream = ""
        for verb, body in STORY:
            text = json.dumps(body).replace("{number}", number).encode()
            path = f"/api/v1/referrals{'/' if stream else ''}{stream}{verb}"
            began = time.perf_counter()
            writer.write(_request(load, path, text))
            status, answer = await _answer(reader)
            load.waits.append(time.perf_counter() - began)
            load.codes[str(status)] += 1
            if status >= 300:
                raise SystemExit(f"{path} was answered {status}: {answer}")
            stream = str(answer["stream_id"])
            if time.perf_counter() >= load.until:
                break
    writer.close()


def _request(load: _CommandLoad, path: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {load.token}\r\nPurpose-Of-Use: TREAT\r\n"
        f"Idempotency-Key: {new_id()}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _answer(reader: asyncio.StreamReader) -> tuple[int, Any]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    return int(head[9:12]), json.loads(await reader.readexactly(length))


async def _run(port: int, connections: int, seconds: float, token: str) -> LoadResult:
    started, cpu = time.perf_counter(), time.process_time()
    load = _CommandLoad(port, token, started + seconds)
    await asyncio.gather(*(_talk(load) for _ in range(connections)))
    waits = sorted(load.waits)
    return LoadResult(
        len(waits),
        time.perf_counter() - started,
        waits[len(waits) // 2],
        waits[len(waits) * 99 // 100],
        dict(load.codes),
        time.process_time() - cpu,
    )


if __name__ == "__main__":
    _seen = asyncio.run(_run(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]))
    print(json.dumps(asdict(_seen)))
