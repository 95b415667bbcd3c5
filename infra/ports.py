"""Find TCP ports of 127.0.0.1 that no process listens on.

A port that is free now may be taken before a server listens on it: servers try again with another.
Ports are drawn below those that the system gives to outgoing connections. Otherwise any connection
of any process could take one in the meantime.
"""

import random
import socket
from collections.abc import Collection, Iterable
from contextlib import ExitStack, suppress
from itertools import chain
from pathlib import Path
from typing import Final

#: Where Linux keeps the lowest and the highest port of outgoing connections.
_OUTGOING: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST: Final = 15_000  # well-known servers are below
_DRAWS: Final = 200


def free_port(preferred: int = 0) -> int:
    """Return ``preferred`` if it is free, else any free port."""
    return preferred_ports((preferred,))[0]


def preferred_ports(preferred: Iterable[int]) -> list[int]:
    """Return different free ports: for each number this port if it is free, else any free port."""
    found: list[int] = []
    with ExitStack() as held:
        for port in preferred:
            # Two sockets that do not listen yet can be bound to one port.
            probe = held.enter_context(_bound(0 if port in found else port))
            found.append(_port_of(probe))
    return found


def free_ports(count: int, *, exclude: Collection[int] = ()) -> list[int]:
    """Return different free ports that are not in ``exclude``.

    All ports are held until the last one is found. Otherwise a port could be found twice.
    """
    found: list[int] = []
    with ExitStack() as held:
        while len(found) < count:
            port = _port_of(held.enter_context(_bound(0)))
            if port not in exclude:
                found.append(port)
    return found


def _bound(port: int) -> socket.socket:
    """Bind a port as a server would; if it is 0 or taken, bind any free port."""
    if port:
        probe = socket.socket()
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return probe
        probe.close()
    draw = random.SystemRandom()
    drawn = (draw.randrange(_LOWEST, _first_outgoing()) for _ in range(_DRAWS))
    for candidate in chain(drawn, [0]):
        probe = socket.socket()
        with suppress(OSError):
            probe.bind(("127.0.0.1", candidate))
            return probe
        probe.close()
    raise OSError("no port of 127.0.0.1 is free")


def _first_outgoing() -> int:
    """Return the lowest port that an outgoing connection may get."""
    lowest = 32_768
    with suppress(OSError, ValueError, IndexError):
        lowest = int(_OUTGOING.read_text("ascii").split()[0])
    return max(lowest, _LOWEST + 1_000)


def _port_of(probe: socket.socket) -> int:
    return int(probe.getsockname()[1])
