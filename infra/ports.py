"""Find TCP ports of 127.0.0.1 that no process listens on.

A port that is free now may be taken before a server listens on it: servers try again with another.
"""

import socket
from collections.abc import Collection, Iterable
from contextlib import ExitStack


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
    probe = socket.socket()
    if port:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            probe.close()
            return _bound(0)
    else:
        probe.bind(("127.0.0.1", 0))
    return probe


def _port_of(probe: socket.socket) -> int:
    return int(probe.getsockname()[1])
