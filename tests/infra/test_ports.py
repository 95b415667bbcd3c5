"""Free ports of 127.0.0.1."""

import socket
from pathlib import Path

from infra.ports import free_port, free_ports, preferred_ports


def test_no_port_is_found_twice() -> None:
    # With 100 ports that are drawn one by one, some would be the same.
    assert len(set(free_ports(100))) == 100


def test_a_port_in_use_is_not_offered_again() -> None:
    used = range(0, 1 << 16, 3)
    assert not set(free_ports(50, exclude=used)) & set(used)


def test_a_preferred_port_is_given_if_it_is_free_and_another_one_if_it_is_taken() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        assert free_port(taken) != taken
    assert free_port(taken) == taken


def test_preferred_ports_differ() -> None:
    port = free_port()
    first, second, third = preferred_ports((port, port, 0))
    assert first == port
    assert len({first, second, third}) == 3


def test_ports_that_outgoing_connections_get_are_not_drawn() -> None:
    lowest, _ = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text("ascii").split()
    assert max(free_ports(200)) < max(int(lowest), 16_000)
