"""Make a link that signs a person in to the pages of this machine once."""

import getpass
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from psycopg import Connection

from caretrail.actors.authentication import LOCAL
from caretrail.facility_names import facility_names
from caretrail.home import connect
from commands.permissions import Role
from infra.settings import Settings
from infra.web_sessions import PageUser, WebSessions

#: The roles of that person, the preferred first.
ROLES: Final = (
    Role.COORDINATOR, Role.CLINICIAN, Role.COMPLIANCE, Role.ANALYST, Role.OPERATOR
)  # fmt: skip


def sign_in_link(
    pages: str,
    url: str,
    settings: Settings,
    *,
    subject: str = "",
    roles: Sequence[str] = (),
    organisations: Sequence[str] = (),
) -> str:
    """Return an address that signs a person in once.

    Args:
        pages: The address of the pages, such as ``http://127.0.0.1:8600``.
        url: The database of the home.
        settings: The settings, which name the facilities.
        subject: Who is signed in, as a code; by default the user of the operating system.
        roles: The roles that the person may take, the first one first; by default all.
        organisations: Codes of the organisations that the person acts for; by default the
            facilities that have a name.
    """
    person = PageUser(
        issuer=LOCAL,
        subject=subject or _user(),
        roles=roles or ROLES,
        organisations=organisations or tuple(facility_names(settings)),
    )

    @contextmanager
    def connection() -> Iterator[Connection[Any]]:
        with connect(url) as opened:
            yield opened

    # Pages that listen on every address are reached from this machine on loopback.
    reachable = pages.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
    return f"{reachable}/ui/login?link={WebSessions(connection).new_link(person)}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run under a user id without a name
        return "user"
