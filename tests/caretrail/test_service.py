"""Ports of the roles of one service."""

from caretrail.service import free_ports


def test_no_two_roles_get_the_same_port() -> None:
    # With 100 ports that are drawn one by one, some would be the same.
    assert len(set(free_ports(100))) == 100


def test_a_port_in_use_is_not_offered_again() -> None:
    used = range(0, 1 << 16, 3)
    assert not set(free_ports(50, exclude=used)) & set(used)
