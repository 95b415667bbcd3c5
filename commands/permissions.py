"""What a command or a read needs permission for: the rows of the table of roles."""

from enum import StrEnum, unique


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
