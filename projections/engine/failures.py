"""Which errors are caused by what an event says, and which by a server.

An error of the first kind sets a component aside, whatever its class is, and the others go on. An
error of the second kind fails the whole batch, which is applied again later.
"""

from typing import Final

import psycopg

#: Classes of SQLSTATE that say something about the server, the connection, other transactions or
#: our own SQL. All other errors of PostgreSQL are caused by the rows. Among them is "program limit
#: exceeded" (54): a text is too long for an index.
_NOT_OF_ROWS: Final = frozenset(
    {"08", "25", "26", "28", "3D", "3F", "40", "42", "53", "55", "57", "58", "F0"}
)
#: Data corrupted, index corrupted.
_CORRUPTED: Final = frozenset({"XX001", "XX002"})


class ServiceUnavailable(Exception):
    """A server that a service of the fold needs does not answer."""


def is_of_content(error: Exception) -> bool:
    """Tell whether an error of folding or writing is caused by the content of events.

    >>> is_of_content(ValueError()), is_of_content(ConnectionResetError())
    (True, False)
    """
    if isinstance(error, psycopg.Error):
        state = error.sqlstate
        if state is None:  # raised by the client: a value that it cannot send, or no connection
            return not isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
        return state[:2] not in _NOT_OF_ROWS and state not in _CORRUPTED
    return not isinstance(error, (OSError, ServiceUnavailable))


def reason_of(error: Exception) -> str:
    """Return the class of an error, and the constraint or index that it names: never a value."""
    name = type(error).__name__
    if isinstance(error, psycopg.Error) and error.diag.constraint_name:
        return f"{name} in {error.diag.constraint_name}"
    return name
