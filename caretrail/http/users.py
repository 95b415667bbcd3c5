"""Who is behind a request of a page, what that person may read, and the record of each read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import Request

from caretrail.actors.accesses import AccessRecorder, ReadRequest
from caretrail.actors.care import CareLookup
from caretrail.actors.user import User
from caretrail.http.gate import session_of
from commands.authority import Authority, ReadRight, right_to_list, right_to_read
from commands.permissions import Grant, Permission, Role, grant
from domain.body import Actor
from domain.errors import RoleNotAllowed
from domain.ids import PatientId
from infra.web_sessions import WebSession

_T = TypeVar("_T")


class NotSignedIn(Exception):
    """A page that needs a session was reached without one."""


def user_of(request: Request) -> User:
    """Return the person behind a request. The role of the session comes first.

    Raises:
        NotSignedIn: The request has no session.
    """
    session = _session(request)
    names = dict.fromkeys((session.role, *session.roles))
    return User(
        issuer=session.issuer,
        subject=session.subject,
        authority=Authority(
            roles=tuple(Role(name) for name in names),
            organisations=frozenset(session.organisations),
        ),
    )


def actor_of(request: Request) -> Actor:
    """Return the actor of what a request records.

    Raises:
        NotSignedIn: The request has no session.
    """
    session = _session(request)
    return user_of(request).actor(purpose=session.purpose, role=session.role)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageReads:
    """Decides which patients a page may show, and records that it shows them."""

    accesses: AccessRecorder
    care: CareLookup

    def of_person(self, request: Request, patient: PatientId) -> None:
        """Return if the page may show a patient; the read is recorded then.

        Raises:
            AccessReasonMissing: The person has to state a reason first.
            RoleNotAllowed: The person may not read the patient.
            AccessNotRecorded: The page must not leave.
        """
        user = user_of(request)
        care = self.care(user, [patient]).get(patient)
        reason = request.query_params.get("reason", "")
        right = right_to_read(user.authority, care, reason=reason)
        if right.relation == "core":
            raise RoleNotAllowed(Permission.READ_PERSON, user.authority.roles)
        self._record(request, user, right, [patient])

    def of_list(
        self, request: Request, rows: Sequence[_T], patient_of: Callable[[_T], PatientId]
    ) -> list[_T]:
        """Return the rows that the page may show; the read is recorded.

        A person without a role that reads every patient sees the patients in the person's care.

        Raises:
            RoleNotAllowed: The person may not read lists of patients.
            AccessNotRecorded: The page must not leave.
        """
        user = user_of(request)
        right = _right_to_list(user.authority)
        shown = list(rows)
        if right.relation != "all":
            cared_for = self.care(user, sorted({patient_of(each) for each in rows}))
            shown = [each for each in rows if patient_of(each) in cared_for]
        self._record(request, user, right, [patient_of(each) for each in shown])
        return shown

    def readable(
        self, request: Request
    ) -> Callable[[Sequence[PatientId]], Sequence[PatientId]] | None:
        """Return what tells which patients a list may show; None: it may show all.

        Pass what is shown to ``of_list``, which records it.

        Raises:
            RoleNotAllowed: The person may not read lists of patients.
        """
        user = user_of(request)
        if _right_to_list(user.authority).relation == "all":
            return None
        return lambda patients: list(self.care(user, patients))

    def _record(
        self, request: Request, user: User, right: ReadRight, patients: Sequence[PatientId]
    ) -> None:
        route = getattr(request.scope.get("route"), "path", "")
        self.accesses.record(
            ReadRequest(
                person=user,
                right=right,
                purpose=_session(request).purpose,
                interface="page",
                route=f"{request.method} {route}",
            ),
            patients,
        )


def _right_to_list(authority: Authority) -> ReadRight:
    for role in authority.roles:
        if grant(Permission.READ_PERSON, role) is Grant.ALL:
            return ReadRight(role=role, relation="all")
    right = right_to_list(authority, reason="")
    if right.relation == "core":
        raise RoleNotAllowed(Permission.READ_PERSON, authority.roles)
    return right


def _session(request: Request) -> WebSession:
    session = session_of(request)
    if session is None:
        raise NotSignedIn
    return session
