"""Failures in words for the person at the command line. What is not listed here is our bug."""

import psycopg

from caretrail.cli import Failed
from commands.ports import CannotStore, StoreUnavailable
from infra.settings import BadSettings


def in_words(error: Exception) -> str | None:
    """Return one line that says what is wrong and how on; None for a failure we did not foresee."""
    match error:
        case Failed() | BadSettings():
            return str(error)
        case StoreUnavailable() | psycopg.OperationalError():
            return "the database does not answer; `caretrail doctor` says more"
        case CannotStore():
            return f"the store refuses this: {error.reason}"
        case OSError():
            return f"{error.filename or 'input or output'}: {error.strerror}"
        case _:
            pass
    words = getattr(type(error), "FOR_PEOPLE", False)
    return str(error) if words else None
