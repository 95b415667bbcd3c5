"""A command on the command line asks the table of roles, if a role is stated."""

from caretrail.cli import command_parser
from caretrail.cli.own_streams import _authority
from caretrail.cli.verbs import ROLES
from commands.authority import Authority
from commands.permissions import Role

ACCEPT = ["referral", "accept", "0198f3a2-5d3c-7b4e-9c1f-2a6b8d0e4f11", "--by", "CSC", "--as", "x"]


def test_the_flags_know_the_roles_of_the_table() -> None:
    assert list(ROLES) == [str(each) for each in Role]


def test_roles_and_organisations_make_what_the_person_may_do() -> None:
    flags = ["--as-role", "analyst", "--as-role", "clinician", "--as-organisation", "CSC"]
    stated = _authority(command_parser().parse_args([*ACCEPT, *flags]))
    assert stated == Authority(
        roles=(Role.ANALYST, Role.CLINICIAN), organisations=frozenset({"CSC"})
    )
    assert _authority(command_parser().parse_args(ACCEPT)) is None
