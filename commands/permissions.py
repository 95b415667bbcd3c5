"""The table of roles: what each role may do. API, pages and command line ask ``grant``."""

from collections.abc import Mapping
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Final


@unique
class Permission(StrEnum):
    """A row of the table of roles. ``ROLES`` says which role may do what."""

    SEND_STATEMENTS = "send statements"
    ASK = "referral: request, cancel, close"
    ANSWER = "referral: accept, decline, schedule, seen, outcome"
    PLAN = "plan: draft, revise, review"
    PLAN_DECIDE = "plan: activate, revoke; reconcile medications; diagnose need"
    CARE = "contact, step, barrier, engagement, conference"
    JUDGE = "waive a step, mark duplicate, confirm a proposed match"
    CONSENT = "consent, privacy request, disclosure"
    VOID = "entered in error"
    READ_PERSON = "read a person"
    OPERATE = "publish protocols; rosters, keys, rebuild"


@unique
class Role(StrEnum):
    """A column of the table of roles. A person may have several roles, and acts in one."""

    PUBLISHER = "publisher"
    COORDINATOR = "coordinator"
    CLINICIAN = "clinician"
    ANALYST = "analyst"
    COMPLIANCE = "compliance"
    OPERATOR = "operator"


@unique
class Grant(StrEnum):
    """A cell of the table of roles."""

    NO = "no"
    YES = "yes"
    OWN_FACILITY = "for the own facility"
    OWN_ORGANISATION = "for the own organisation"
    REPORTED = "as a report, for the own organisation"
    RECORD = "record"
    DECIDE = "decide"
    OWN_EVENT = "own events"
    ANY_EVENT = "own events and events of others"
    EVENT_OF_ANOTHER = "events of others"
    OWN_MESSAGES = "own messages"
    PANEL = "panel, team, or with a reason"
    TEAM = "team, or with a reason"
    CORE = "without sealed content"
    ALL = "all"


def _row(  # the columns of the table
    *,
    publisher: Grant = Grant.NO,
    coordinator: Grant = Grant.NO,
    clinician: Grant = Grant.NO,
    analyst: Grant = Grant.NO,
    compliance: Grant = Grant.NO,
    operator: Grant = Grant.NO,
) -> Mapping[Role, Grant]:
    return MappingProxyType(
        {
            Role.PUBLISHER: publisher,
            Role.COORDINATOR: coordinator,
            Role.CLINICIAN: clinician,
            Role.ANALYST: analyst,
            Role.COMPLIANCE: compliance,
            Role.OPERATOR: operator,
        }
    )


#: The table of roles.
ROLES: Final[Mapping[Permission, Mapping[Role, Grant]]] = MappingProxyType(
    {
        Permission.SEND_STATEMENTS: _row(publisher=Grant.OWN_FACILITY),
        Permission.ASK: _row(coordinator=Grant.YES, clinician=Grant.YES),
        Permission.ANSWER: _row(
            publisher=Grant.REPORTED,
            coordinator=Grant.OWN_ORGANISATION,
            clinician=Grant.OWN_ORGANISATION,
        ),
        Permission.PLAN: _row(coordinator=Grant.YES, clinician=Grant.YES),
        Permission.PLAN_DECIDE: _row(clinician=Grant.YES),
        Permission.CARE: _row(coordinator=Grant.YES, clinician=Grant.YES),
        Permission.JUDGE: _row(coordinator=Grant.YES, clinician=Grant.YES),
        Permission.CONSENT: _row(
            coordinator=Grant.RECORD, clinician=Grant.RECORD, compliance=Grant.DECIDE
        ),
        Permission.VOID: _row(
            coordinator=Grant.OWN_EVENT,
            clinician=Grant.ANY_EVENT,
            compliance=Grant.EVENT_OF_ANOTHER,
        ),
        Permission.READ_PERSON: _row(
            publisher=Grant.OWN_MESSAGES,
            coordinator=Grant.PANEL,
            clinician=Grant.TEAM,
            analyst=Grant.CORE,
            compliance=Grant.ALL,
        ),
        Permission.OPERATE: _row(operator=Grant.YES),
    }
)


def grant(permission: Permission, role: Role) -> Grant:
    """Return the cell of the table of roles."""
    return ROLES[permission][role]
