"""Decide whether the role in which a person acts allows a command: one place for all interfaces."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, assert_never

from commands.command import Command, VoidEvent
from commands.organisations import Organisations
from commands.permissions import Grant, Permission, Role, grant
from domain.body import Actor
from domain.errors import AccessReasonMissing, RoleNotAllowed

#: How a patient is in the care of a person; None: not.
Care: TypeAlias = Literal["panel", "team"] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """The roles of a person, in the order of preference, and the organisations of the person."""

    roles: tuple[Role, ...]
    organisations: frozenset[str] = frozenset()


def in_allowed_role(
    command: Command,
    actor: Actor,
    authority: Authority,
    *,
    author: Actor | None,
    known: Organisations,
) -> Actor:
    """Return the person with the role in which the person may give a command.

    Args:
        command: The command.
        actor: The person.
        authority: The roles and organisations of the person.
        author: The person behind the event that is to be void. None: there is no such event, which
            the rules refuse, or the command makes none void.
        known: The organisations of the installation.

    Raises:
        RoleNotAllowed: None of the roles allows it.
    """
    is_own = None
    if isinstance(command, VoidEvent):
        is_own = author is None or _is_same_person(author, actor)
    organisations = frozenset(map(known.code_of, authority.organisations))
    role = acting_role(
        replace(authority, organisations=organisations),
        command.PERMISSION,
        organisation=known.code_of(command.facility()),
        is_own=is_own,
        reports=command.REPORTS,
    )
    return replace(actor, role=role)


def _is_same_person(one: Actor, other: Actor) -> bool:
    return (one.kind, one.issuer, one.subject) == (other.kind, other.issuer, other.subject)


def acting_role(
    authority: Authority,
    permission: Permission,
    *,
    organisation: str,
    is_own: bool | None,
    reports: bool = False,
) -> Role:
    """Return the first role of a person that allows what the person asks for.

    Args:
        authority: The roles and organisations of the person.
        permission: The row of the table of roles.
        organisation: The organisation for which the person acts; empty: not stated.
        is_own: Whether the event that is to be void is of the person itself. None: no event is.
        reports: Whether the command records what the organisation says, and decides nothing.

    Raises:
        RoleNotAllowed: None of the roles allows it.
    """
    for role in authority.roles:
        cell = grant(permission, role)
        if cell is Grant.REPORTED and reports:
            cell = Grant.OWN_ORGANISATION
        if _allows(
            cell,
            organisations=authority.organisations,
            organisation=organisation,
            is_own=is_own,
        ):
            return role
    raise RoleNotAllowed(permission, authority.roles)


def _allows(
    cell: Grant, *, organisations: Collection[str], organisation: str, is_own: bool | None
) -> bool:
    """Tell whether a cell of the table allows a command."""
    match cell:
        case Grant.YES | Grant.ANY_EVENT:
            return True
        case Grant.OWN_ORGANISATION:
            return organisation in organisations
        case Grant.OWN_EVENT:
            return is_own is True
        case Grant.EVENT_OF_ANOTHER:
            return is_own is False
        case Grant.RECORD | Grant.DECIDE:
            # Consent has no commands yet; they will say whether they record or decide.
            return False
        case (
            Grant.NO
            | Grant.OWN_FACILITY
            | Grant.REPORTED
            | Grant.OWN_MESSAGES
            | Grant.PANEL
            | Grant.TEAM
            | Grant.CORE
            | Grant.ALL
        ):
            return False
        case _:
            assert_never(cell)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRight:
    """The role in which a person reads a patient, and why the person may."""

    role: Role
    #: ``core``: sealed content is left out. Empty: the patients of a list in the person's care.
    relation: Literal["panel", "team", "reason", "all", "core", ""]
    reason: str = ""  # code, if the person needs one


def right_to_read(authority: Authority, care: Care, *, reason: str) -> ReadRight:
    """Return the first role in which a person may read one patient.

    Args:
        authority: The roles of the person.
        care: How the patient is in the care of the person.
        reason: The reason that the person states, as a code; empty: none.

    Raises:
        AccessReasonMissing: A role allows it with a reason, and none is stated.
        RoleNotAllowed: None of the roles allows it.
    """
    needs_reason = False
    for role in authority.roles:
        match grant(Permission.READ_PERSON, role):
            case Grant.ALL:
                return ReadRight(role=role, relation="all")
            case Grant.CORE:
                return ReadRight(role=role, relation="core")
            case Grant.PANEL if care is not None:
                return ReadRight(role=role, relation=care)
            case Grant.TEAM if care == "team":
                return ReadRight(role=role, relation="team")
            case Grant.PANEL | Grant.TEAM if reason:
                return ReadRight(role=role, relation="reason", reason=reason)
            case Grant.PANEL | Grant.TEAM:
                needs_reason = True
            case _:
                pass
    if needs_reason:
        raise AccessReasonMissing
    raise RoleNotAllowed(Permission.READ_PERSON, authority.roles)


def right_to_list(authority: Authority, *, reason: str) -> ReadRight:
    """Return the first role in which a person may read a list of patients.

    If the relation is empty, the list holds only patients in the care of the person.

    Raises:
        RoleNotAllowed: None of the roles allows it.
    """
    for role in authority.roles:
        match grant(Permission.READ_PERSON, role):
            case Grant.ALL:
                return ReadRight(role=role, relation="all")
            case Grant.CORE:
                return ReadRight(role=role, relation="core")
            case Grant.PANEL | Grant.TEAM if reason:
                return ReadRight(role=role, relation="reason", reason=reason)
            case Grant.PANEL | Grant.TEAM:
                return ReadRight(role=role, relation="")
            case _:
                pass
    raise RoleNotAllowed(Permission.READ_PERSON, authority.roles)
