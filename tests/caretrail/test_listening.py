"""The pages speak no TLS: they listen on loopback unless a setting allows more."""

import socket

import pytest

from caretrail.listening import address, listen, try_addresses
from infra.settings import BadSettings, Settings

ANY = "0.0.0.0"  # noqa: S104 - refused, or for one test


def settings(host: str, *, private: bool = False) -> Settings:
    return Settings(http_host=host, http_port=0, http_private_network=private)


@pytest.mark.parametrize("host", [ANY, "::", "", "192.0.2.1", "10.0.0.5", "fd00::1", "0"])
def test_an_address_beyond_loopback_is_refused_with_the_reason_and_the_remedy(host: str) -> None:
    with pytest.raises(BadSettings, match="no TLS") as refused:
        listen(settings(host))
    assert "CARETRAIL_HTTP_HOST" in str(refused.value)
    assert "CARETRAIL_HTTP_PRIVATE_NETWORK" in str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost"])
def test_loopback_needs_no_further_setting(host: str) -> None:
    with listen(settings(host)) as listening:
        assert listening.getsockname()[0].startswith("127.") or host == "localhost"


def test_a_private_network_is_served_if_the_setting_says_so() -> None:
    with listen(settings(ANY, private=True)) as listening:
        assert listening.getsockname()[0] == ANY


def test_a_host_name_without_an_address_is_refused() -> None:
    with pytest.raises(BadSettings, match="CARETRAIL_HTTP_HOST"):
        address(settings("no-such-host.invalid"))


def test_the_body_of_an_answer_does_not_wait_for_the_client() -> None:
    with (
        listen(settings("127.0.0.1")) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as connection,
    ):
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


@pytest.mark.parametrize("name", ["MLLP", "HTTP", "HEALTH"])
def test_a_taken_port_is_refused_unless_the_role_may_leave_it(name: str) -> None:
    role = "mllp" if name == "MLLP" else "http"
    with socket.create_server(("127.0.0.1", 0)) as other:
        given = {"mllp_port": 0, "http_port": 0, "health_port": 0}
        given[f"{name.lower()}_port"] = int(other.getsockname()[1])
        chosen = Settings().model_copy(update=given)
        with pytest.raises(BadSettings, match=rf"CARETRAIL_{name}_PORT: .*in use"):
            try_addresses(chosen, (role,), other_ports=False)
        if name != "HEALTH":
            try_addresses(chosen, (role,), other_ports=True)
    try_addresses(chosen, (role,), other_ports=False)


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_of_this_machine_is_refused(host: str) -> None:
    with pytest.raises(BadSettings, match="CARETRAIL_MLLP_HOST"):
        try_addresses(Settings(mllp_host=host, mllp_port=0), ("mllp",), other_ports=True)
