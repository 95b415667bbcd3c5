"""Each cell of the table of roles: what a role may do, and what it may not."""

import pytest

from commands.authority import Authority, acting_role, right_to_list, right_to_read
from commands.permissions import ROLES, Permission, Role
from domain.errors import AccessReasonMissing, RoleNotAllowed

#: Rows: what is done. Columns: publisher, coordinator, clinician, analyst, compliance, operator.
#: "y": allowed; "o": for the own organisation; "-": not allowed. As care activities, section 14.
TABLE = {
    (Permission.SEND_STATEMENTS, None): "------",
    (Permission.ASK, None): "-yy---",
    (Permission.ANSWER, None): "-oo---",
    (Permission.PLAN, None): "-yy---",
    (Permission.PLAN_DECIDE, None): "--y---",
    (Permission.CARE, None): "-yy---",
    (Permission.JUDGE, None): "-yy---",
    (Permission.CONSENT, None): "------",
    (Permission.VOID, True): "-yy---",
    (Permission.VOID, False): "--y-y-",
    (Permission.READ_PERSON, None): "------",
    (Permission.OPERATE, None): "-----y",
}


def allowed(
    authority: Authority, permission: Permission, *, organisation: str, own: bool | None
) -> bool:
    try:
        acting_role(authority, permission, organisation=organisation, is_own=own)
    except RoleNotAllowed:
        return False
    return True


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0].name}-{row[1]}")
@pytest.mark.parametrize("role", Role)
def test_a_command_is_allowed_as_the_table_says(
    row: tuple[Permission, bool | None], role: Role
) -> None:
    permission, own = row
    cell = TABLE[row][list(Role).index(role)]
    mine = Authority(roles=(role,), organisations=frozenset({"GENERAL"}))

    assert allowed(mine, permission, organisation="GENERAL", own=own) is (cell != "-")
    assert allowed(mine, permission, organisation="HARBOUR", own=own) is (cell == "y")
    assert allowed(mine, permission, organisation="", own=own) is (cell == "y")


def test_the_table_has_every_permission() -> None:
    assert {permission for permission, _ in TABLE} == set(Permission) == set(ROLES)
    assert all(set(row) == set(Role) for row in ROLES.values())


def test_a_person_acts_in_the_first_role_that_allows_it() -> None:
    both = Authority(roles=(Role.COORDINATOR, Role.CLINICIAN))
    assert acting_role(both, Permission.PLAN, organisation="", is_own=None) is Role.COORDINATOR
    assert acting_role(both, Permission.PLAN_DECIDE, organisation="", is_own=None) is Role.CLINICIAN


@pytest.mark.parametrize(("role", "care", "reason", "relation"), [
    (Role.COORDINATOR, "panel", "", "panel"), (Role.COORDINATOR, "team", "", "team"),
    (Role.COORDINATOR, None, "direct_care", "reason"), (Role.COORDINATOR, None, "", None),
    (Role.CLINICIAN, "team", "", "team"), (Role.CLINICIAN, "panel", "", None),
    (Role.CLINICIAN, "panel", "direct_care", "reason"), (Role.CLINICIAN, None, "", None),
    (Role.ANALYST, None, "", "core"), (Role.ANALYST, "team", "x", "core"),
    (Role.COMPLIANCE, None, "", "all"), (Role.COMPLIANCE, "team", "x", "all"),
])  # fmt: skip
def test_a_patient_is_read_in_care_with_a_reason_or_in_core_only(
    role: Role, care: str | None, reason: str, relation: str | None
) -> None:
    authority = Authority(roles=(role,))
    if relation is None:
        with pytest.raises(AccessReasonMissing):
            right_to_read(authority, care, reason=reason)  # type: ignore[arg-type]
        return
    right = right_to_read(authority, care, reason=reason)  # type: ignore[arg-type]
    assert (right.role, right.relation) == (role, relation)
    assert right.reason == (reason if relation == "reason" else "")


@pytest.mark.parametrize("role", [Role.PUBLISHER, Role.OPERATOR])
def test_publishers_and_operators_read_no_patient(role: Role) -> None:
    authority = Authority(roles=(role,))
    with pytest.raises(RoleNotAllowed):
        right_to_read(authority, "team", reason="direct_care")
    with pytest.raises(RoleNotAllowed):
        right_to_list(authority, reason="direct_care")


@pytest.mark.parametrize(("role", "reason", "relation"), [
    (Role.COORDINATOR, "", ""), (Role.COORDINATOR, "direct_care", "reason"),
    (Role.CLINICIAN, "", ""), (Role.CLINICIAN, "direct_care", "reason"),
    (Role.ANALYST, "", "core"), (Role.COMPLIANCE, "", "all"),
])  # fmt: skip
def test_a_list_holds_the_patients_in_care_unless_there_is_a_reason(
    role: Role, reason: str, relation: str
) -> None:
    assert right_to_list(Authority(roles=(role,)), reason=reason).relation == relation


def test_a_person_without_a_role_may_do_nothing() -> None:
    with pytest.raises(RoleNotAllowed, match="without a role"):
        acting_role(Authority(roles=()), Permission.ASK, organisation="", is_own=None)
    with pytest.raises(RoleNotAllowed):
        right_to_read(Authority(roles=()), "team", reason="x")
