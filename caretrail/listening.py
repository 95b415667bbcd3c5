"""Where the pages listen. They speak no TLS, so by default on loopback alone."""

import socket
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
