"""Write the access record of a read before its answer leaves, for API and pages.

A reader of a patient is one of these: the patient is on the panel of the person, the person is on
the care team of the patient, the person states a reason, or the role may read everything.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import psycopg
import structlog
from psycopg import Connection

from caretrail.actors.user import User
from commands.authority import ReadRight
from commands.ports.store import StoreUnavailable
from infra.access_log import AccessRecord, StoredAccess, accesses, write

log = structlog.get_logger()

Lend: TypeAlias = Callable[[], AbstractContextManager[Connection[Any]]]


class AccessNotRecorded(Exception):
    """The access record could not be written, so no data may be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """A request that reads data of patients."""

    person: User
    right: ReadRight
    purpose: str
    interface: Literal["api", "page"]
    route: str  # as documented, such as "GET /api/v1/patients/{patient}/timeline"


class AccessRecorder:
    """Writes access records. Threads may share it."""

    def __init__(self, lend: Lend, *, new_id: Callable[[], str]) -> None:
        """Take the means to write.

        Args:
            lend: Lends a connection in autocommit mode.
            new_id: Returns a new UUIDv7.
        """
        self._lend = lend
        self._new_id = new_id

    def record(self, request: ReadRequest, patients: Sequence[str]) -> None:
        """Record that the answer to a request holds data of patients; nothing if it holds none.

        Call it before the answer leaves.

        Raises:
            AccessNotRecorded: The answer must not leave.
        """
        if not patients:
            return
        record = AccessRecord(
            access_id=self._new_id(),
            issuer=request.person.issuer,
            subject=request.person.subject,
            role=request.right.role,
            purpose=request.purpose,
            reason=request.right.reason,
            relation=request.right.relation,
            interface=request.interface,
            route=request.route,
            patients=sorted(set(patients)),
        )
        try:
            with self._lend() as connection:
                write(connection, record)
        except (psycopg.Error, StoreUnavailable) as error:
            log.error("access.not_recorded", route=request.route, error=type(error).__name__)  # noqa: TRY400  # its text may quote values
            raise AccessNotRecorded from None

    def of_patient(
        self, patient_ids: Sequence[str], *, before: str = "", limit: int = 1000
    ) -> list[StoredAccess]:
        """Return the access records of a patient; see ``infra.access_log.accesses``."""
        with self._lend() as connection:
            return accesses(connection, patient_ids, before=before, limit=limit)
