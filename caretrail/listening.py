"""Where the roles listen. The pages speak no TLS, so by default they listen on loopback alone."""

import asyncio
import socket
from collections.abc import Collection
from ipaddress import ip_address
from typing import Final, TypeAlias

from infra.settings import BadSettings, Settings

_BACKLOG: Final = 256

#: Family and address of a socket, as ``socket.getaddrinfo`` returns them.
_Address: TypeAlias = tuple[socket.AddressFamily, tuple[str, int]]


def listen(settings: Settings) -> socket.socket:
    """Open the socket of the pages.

    Raises:
        BadSettings: See ``address``; or the address is not of this machine, or is taken.
    """
    family, where = address(settings)
    try:
        listening = socket.create_server(where, family=family, backlog=_BACKLOG)
    except OSError as error:
        raise BadSettings(f"CARETRAIL_HTTP_HOST, CARETRAIL_HTTP_PORT: {error.strerror}") from error
    # Connections inherit it. asyncio sets it only on sockets that were made with the number of the
    # protocol. Without it, the body of an answer waits 40 ms until the client confirms the head.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def address(settings: Settings) -> _Address:
    """Return where the pages listen.

    Raises:
        BadSettings: The address is beyond loopback, and the settings do not say that the network
            is private; or the host name has no address.
    """
    host, port = settings.http_host, settings.http_port
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise BadSettings(f"CARETRAIL_HTTP_HOST: {error.strerror}") from error
    family, where = found[0][0], (str(found[0][4][0]), port)
    if not settings.http_private_network and not ip_address(where[0]).is_loopback:
        raise BadSettings(
            f"CARETRAIL_HTTP_HOST: {host or where[0]} is beyond loopback, and the pages speak no"
            " TLS, so patient data and sessions would cross the network in clear text. Leave it at"
            " 127.0.0.1 and let a proxy on this machine speak TLS. If only caretrail can read"
            " that network, set CARETRAIL_HTTP_PRIVATE_NETWORK=true"
        )
    return family, where


def try_addresses(settings: Settings, roles: Collection[str], *, other_ports: bool) -> None:
    """Bind the addresses on which these roles will listen, and release them.

    Args:
        settings: The settings.
        roles: The roles that will run.
        other_ports: Whether a role may leave the port of the settings.

    Raises:
        BadSettings: See ``address``; or an address is not of this machine, or is taken.
    """
    if "mllp" in roles:
        port = 0 if other_ports else settings.mllp_port
        _try(settings.mllp_host, port, "CARETRAIL_MLLP_HOST, CARETRAIL_MLLP_PORT")
    if "http" in roles:
        _, (host, port) = address(settings)
        _try(host, 0 if other_ports else port, "CARETRAIL_HTTP_HOST, CARETRAIL_HTTP_PORT")
    if len(roles) == 1:  # of several roles, each has a health port of its own
        _try("127.0.0.1", settings.health_port, "CARETRAIL_HEALTH_PORT")


def _try(host: str, port: int, names: str) -> None:
    async def bind() -> None:
        loop = asyncio.get_running_loop()
        (await loop.create_server(asyncio.Protocol, host, port, start_serving=False)).close()

    try:
        asyncio.run(bind())
    except OSError as error:
        raise BadSettings(f"{names}: {error.strerror}") from error
