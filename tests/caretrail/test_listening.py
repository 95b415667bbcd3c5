"""The pages speak no TLS: they listen on loopback unless a setting allows more."""

import socket

import pytest

from caretrail.listening import address, listen
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
