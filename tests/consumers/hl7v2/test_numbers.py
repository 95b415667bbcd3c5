import pytest

from domain.statement import IdentifierRef
from tests.consumers.hl7v2.adt import KEY, adt, pv1, sealed, stated


def refs(core_field: str, raw: bytes, toml: str = "") -> list[IdentifierRef]:
    return [each for each in stated(raw, toml).identifiers if each.field == core_field]


def pid(pid_3: str) -> bytes:
    return adt(pid=f"PID|1||{pid_3}||DOE^JANE")


@pytest.mark.parametrize(
    ("pid_3", "authority", "value"),
    [
        ("1^^^A^XX~2^^^B^MR~3^^^C^PI", "B", "2"),  # the first of type MR, MRN or PI
        ("1^^^A^XX~2^^^B^MRN", "B", "2"),
        ("1^^^A^XX~3^^^C^PI~2^^^B^MR", "C", "3"),
        ("1^^^A~2^^^B", "A", "1"),  # else the first
        ("^^^A^MR~2^^^B", "B", "2"),  # with a value
        ('""^^^A^MR~2^^^B', "B", "2"),
        ("000000^^^A^MR~2^^^B^XX", "B", "2"),  # zeros mean that no number is known
        ("1", "MERCY", "1"),  # without authority: the sender's namespace
        ("1^^^&1.2.3&ISO", "1.2.3", "1"),  # the universal id where there is no name
        ("1^^^A&1.2.3&ISO", "A", "1"),
        (" 1 ^^^ A ", "A", "1"),  # trimmed
        ("01^^^a", "a", "01"),  # case and zeros count
    ],
)
def test_a_statement_is_filed_under_one_record(pid_3: str, authority: str, value: str) -> None:
    assert stated(pid(pid_3)).record == KEY.record(authority, value, "P")


def test_the_profile_names_the_authority_under_which_statements_are_filed() -> None:
    toml = '[sender.default]\nfile_under = "B"'
    assert stated(pid("1^^^A^MR~2^^^B^XX"), toml).record == KEY.record("B", "2", "P")
    assert stated(pid("1^^^A^MR"), toml).record == KEY.record("A", "1", "P")


def test_aliases_give_several_names_of_an_authority_one_name() -> None:
    toml = '[sender.default]\nauthority_aliases = {MERCYMRN = "MERCY", "1.2.3" = "MERCY"}'
    records = {
        stated(pid(f"1^^^{name}^MR"), toml).record for name in ("MERCYMRN", "MERCY", "&1.2.3&ISO")
    }
    assert records == {KEY.record("MERCY", "1", "P")}


def test_numbers_without_authority_have_the_one_of_the_profile() -> None:
    assert stated(pid("1"), '[sender.default]\nauthority = "H"').record == KEY.record("H", "1", "P")


def test_every_number_has_a_ref_its_authority_its_type_and_its_marks() -> None:
    toml = """[sender.default]
        trusted = [{authority = "NHS", type = "NH"}]
        master_indexes = ["EMPI"]
    """
    found = refs(
        "PID-3", pid("1^^^A^MR~9434765919^^^NHS^NH~55^^^EMPI~8^^^NHS^XX~4444^^^NHS^NH"), toml
    )
    assert [
        (each.authority, each.trusted, each.master_index, each.placeholder) for each in found
    ] == [
        ("A", False, False, False),
        ("NHS", True, False, False),
        ("EMPI", True, True, False),
        ("NHS", False, False, False),
        ("NHS", True, False, True),
    ]
    assert found[1].ref == KEY.record("NHS", "9434765919", "P")


def test_a_number_has_the_same_ref_in_every_field() -> None:
    toml = '[sender.default]\ntrusted = [{authority = "USSSA"}, {authority = "NHS"}]'
    raw = adt(pid="PID|1|5^^^NHS|1^^^A^MR|5^^^NHS~6^^^B||||||||||||||AC1|123-45-6788")
    assert [each.ref for each in refs("PID-2", raw, toml)] == [KEY.record("NHS", "5", "P")]
    assert [each.ref for each in refs("PID-4", raw, toml)] == [
        KEY.record("NHS", "5", "P"),
        KEY.record("B", "6", "P"),
    ]
    (security,) = refs("PID-19", raw, toml)
    assert security.ref == KEY.record("USSSA", "123-45-6788", "P")
    assert security.trusted


def test_the_mothers_number_never_joins_her_with_her_child() -> None:
    raw = adt(pid="PID|1||1^^^A^MR||BABY||||||||||||||||77^^^NHS^NH")
    (mother,) = refs("PID-21", raw, '[sender.default]\ntrusted = [{authority = "NHS"}]')
    assert mother.ref == KEY.record("NHS", "77", "P")
    assert not mother.trusted


def test_a_prior_number_is_trusted_only_in_a_merge() -> None:
    toml = '[sender.default]\ntrusted = [{authority = "NHS"}]'
    assert refs("MRG-1", adt("A40", "MRG|8^^^NHS"), toml)[0].trusted
    assert not refs("MRG-1", adt("A06", "MRG|8^^^NHS"), toml)[0].trusted


def test_visit_and_account_numbers_have_refs_of_the_senders_namespace() -> None:
    raw = adt("A06", "MRG|||A1^^^MERCY||V1|W1", visit=pv1(f50="ALT", f5="PRE"))
    found = {each.field: each.ref for each in stated(raw).identifiers}
    assert (
        found.items()
        >= {
            "PID-18": KEY.visit("MERCY", "ACC77", "P"),
            "PV1-19": KEY.visit("MERCY", "V4711", "P"),
            "PV1-50": KEY.visit("MERCY", "ALT", "P"),
            "PV1-5": KEY.visit("MERCY", "PRE", "P"),
            "MRG-3": KEY.visit("MERCY", "A1", "P"),
            "MRG-5": KEY.visit("MERCY", "V1", "P"),
            "MRG-6": KEY.visit("MERCY", "W1", "P"),
        }.items()
    )


def test_a_number_that_was_cut_is_flagged() -> None:
    raw = adt(msh={2: "^~\\&#", 12: "2.7"}, pid="PID|1||12345#^^^A^MR")
    assert stated(raw).flags == ("PID-3.truncated",)


def test_sealed_numbers_carry_the_refs_of_the_core() -> None:
    raw = adt()
    numbers = sealed(raw)["identifiers"]["numbers"]
    assert [(each["field"], each["value"]) for each in numbers] == [
        ("PID-3", "98765"),
        ("PID-3", "9434765919"),
        ("PID-18", "ACC77"),
        ("PV1-19", "V4711"),
    ]
    assert [each["ref"] for each in numbers] == [each.ref for each in stated(raw).identifiers]


def test_the_number_of_a_retired_record_is_sealed_under_its_own_subject() -> None:
    raw = adt("A40", "MRG|2001^^^MERCY^MR||||||DOE^JANET")
    assert "2001" not in str(sealed(raw))
    retired = sealed(raw, of=1)
    assert [each["value"] for each in retired["identifiers"]["numbers"]] == ["2001"]
    assert retired["demographics"]["names"][0]["given"] == "JANET"
    assert "98765" not in str(retired)
