"""Ports of the roles of one service."""

from caretrail.service import free_ports


def test_no_two_roles_get_the_same_port() -> None:
    # So many that, drawn one by one, some would be the same.
    assert len(set(free_ports(100))) == 100


def test_a_port_that_is_given_to_somebody_is_nobody_elses() -> None:
    given = range(0, 1 << 16, 3)
    assert not set(free_ports(50, but=given)) & set(given)
