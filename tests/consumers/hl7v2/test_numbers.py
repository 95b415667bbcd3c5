from itertools import permutations

import pytest

from domain.interpretation import interpret
from domain.statement import IdentifierRef, Statement
from tests.consumers.hl7v2.adt import IN_UTC, KEY, PID, adt, pv1, sealed, stated


def refs(core_field: str, raw: bytes, toml: str = "") -> list[IdentifierRef]:
    return [each for each in stated(raw, toml).identifiers if each.field == core_field]


def pid(pid_3: str) -> bytes:
    return adt(pid=f"PID|1||{pid_3}||DOE^JANE")


@pytest.mark.parametrize(
    ("pid_3", "authority", "value"),
    [
        ("1^^^A^XX~2^^^B^MR~3^^^C^PI", "B", "2"),  # MR before MRN before PI before others
        ("3^^^C^PI~2^^^B^MRN~1^^^A^XX", "B", "2"),
        ("1^^^A^XX~3^^^C^PI~4^^^D^AN", "C", "3"),
        ("4^^^A^AN~1^^^Z^XX", "Z", "1"),  # the number of an account last
        ("1^^^A^MR~2^^^MERCY^MR", "MERCY", "2"),  # the sender's own authority first
        ("2^^^B~1^^^A", "A", "1"),  # else the order of authorities, then of values
        ("8^^^A^MR~7^^^A^MR", "A", "7"),
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
            "PID-18": KEY.visit("MERCY PID-18", "ACC77", "P"),
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


@pytest.mark.parametrize(
    "pid_3",
    [
        "77^^^ENT^PI~5^^^MERCY^MR", "5^^^MERCY~77^^^ENT", "5^^^A^MR~7^^^B^MR~6^^^A^MR",
        "1^^^A&1.2&ISO^MR~2^^^&1.2&ISO^MR~3^^^A", '""^^^NAT^NI~5^^^MERCY^PI~9^^^MERCY^PI',
    ],
)  # fmt: skip
def test_the_order_of_repetitions_does_not_matter(pid_3: str) -> None:
    orders = ["~".join(each) for each in permutations(pid_3.split("~"))]
    assert len({stated(pid(each)).record for each in orders}) == 1


def test_two_forms_of_an_authority_in_one_message_join_its_records() -> None:
    both = stated(pid("1^^^NORD&1.2.9&ISO^MR"))
    alone = stated(pid("1^^^&1.2.9&ISO^MR"))
    assert both.record == KEY.record("NORD", "1", "P")
    assert alone.record == KEY.record("1.2.9", "1", "P")
    assert [each.ref for each in both.identifiers if each.trusted] == [alone.record]
    assert not [each for each in alone.identifiers if each.trusted]
    assert people([both, alone]) == people([alone, both]) == 1
    assert people([stated(pid("1^^^NORD^MR")), alone]) == 2


def test_two_forms_of_the_authority_of_an_insurance_join_no_members_of_a_family() -> None:
    insured = "I9^^^INS&1.2.5&ISO^SN"
    child = stated(pid(f"1^^^NORD^MR~{insured}"))
    parent = stated(pid(f"2^^^SUD^MR~{insured}"))
    assert people([child, parent]) == 2
    assert KEY.record("1.2.5", "I9", "P") in [each.ref for each in child.identifiers]
    assert not [each for each in (*child.identifiers, *parent.identifiers) if each.trusted]


def merge(pid_3: str, mrg_1: str) -> Statement:
    return stated(adt("A40", f"MRG|{mrg_1}", pid=f"PID|1||{pid_3}||DOE^JANE", visit=""))


NAME, UNIVERSAL, BOTH = "NORD", "&1.2.9&ISO", "NORD&1.2.9&ISO"


@pytest.mark.parametrize("record", [NAME, UNIVERSAL])
@pytest.mark.parametrize(
    ("own", "retired"),
    [(BOTH, UNIVERSAL), (BOTH, NAME), (BOTH, BOTH), (NAME, BOTH), (UNIVERSAL, BOTH), (BOTH, "")],
)
def test_forms_that_a_merge_states_hold_for_all_its_numbers(
    record: str, own: str, retired: str
) -> None:
    toml = IN_UTC + 'authority = "NORD"'
    merged = stated(
        adt("A40", f"MRG|77^^^{retired}^MR", pid=f"PID|1||55^^^{own}^MR||DOE", visit=""), toml
    )
    statements = [stated(pid(f"55^^^{record}^MR")), stated(pid(f"77^^^{record}^MR")), merged]
    for each in permutations(statements):
        assert people(list(each)) == 1
    assert merged.flags == ()


def test_a_universal_id_that_the_message_states_without_a_name_stays() -> None:
    found = merge(f"55^^^{BOTH}^MR", "77^^^&1.2.8&ISO^MR")
    assert found.merged == KEY.record("1.2.8", "77", "P")


def people(statements: list[Statement]) -> int:
    return len(interpret(statements))


def test_an_alias_makes_one_authority_of_two_forms() -> None:
    toml = '[sender.default]\nauthority_aliases = {"1.2.9" = "NORD"}'
    forms = ("NORD", "&1.2.9&ISO", "NORD&1.2.9&ISO", "N&1.2.9&ISO")
    records = [stated(pid(f"1^^^{each}^MR"), toml).record for each in forms]
    assert set(records) == {KEY.record("NORD", "1", "P")}
    assert not any(each.trusted for each in stated(pid("1^^^NORD&1.2.9&ISO"), toml).identifiers)


@pytest.mark.parametrize("cx_4", ["", '""', "&", "&&ISO"])
def test_without_an_authority_the_assigning_facility_is_the_authority(cx_4: str) -> None:
    assert stated(pid(f"1^^^{cx_4}^MR^STLUKE")).record == KEY.record("STLUKE", "1", "P")
    assert stated(pid(f"1^^^{cx_4}^MR^&1.2.3&ISO")).record == KEY.record("1.2.3", "1", "P")
    assert stated(pid("1^^^HARBOR^MR^STLUKE")).record == KEY.record("HARBOR", "1", "P")


def test_the_authority_of_a_visit_number_counts_if_it_is_another_one() -> None:
    def visit(text: str) -> str | None:
        return stated(adt(visit=pv1(f19=text))).visit

    assert visit("7") == visit("7^^^MERCY") == KEY.visit("MERCY", "7", "P")
    assert len({visit("7"), visit("7^^^EYE"), visit("7^^^DIAL")}) == 3


def test_a_visit_number_with_both_forms_of_its_authority_has_two_refs() -> None:
    def read(text: str, pid_3: str = "1^^^NORD^MR") -> Statement:
        return stated(adt(pid=f"PID|1||{pid_3}", visit=pv1(f19=text)))

    both = read("7^^^VIS&1.2.9&ISO^VN")
    assert (both.visit, both.visit_other_form) == (
        KEY.visit("MERCY VIS", "7", "P"),
        KEY.visit("MERCY 1.2.9", "7", "P"),
    )
    assert both.flags == ()
    assert [each.ref for each in both.identifiers if each.field == "PV1-19"] == [
        both.visit_other_form,
        both.visit,
    ]
    alone = read("7^^^&1.2.9&ISO^VN")
    assert (alone.visit, alone.visit_other_form) == (both.visit_other_form, None)
    of_record = read("7^^^&1.2.9&ISO^VN", f"1^^^{BOTH}^MR")
    assert (of_record.visit, of_record.visit_other_form) == (
        KEY.visit("MERCY", "7", "P"),
        alone.visit,
    )
    assert read("0000^^^VIS&1.2.9&ISO^VN").flags == ("PV1-19.placeholder",)


def test_an_account_stands_in_for_an_empty_visit_number_in_a_namespace_of_its_own() -> None:
    account = stated(adt(visit=pv1(f19="")))
    assert (account.visit, account.visit_field) == (
        KEY.visit("MERCY PID-18", "ACC77", "P"),
        "PID-18",
    )
    assert account.visit in [each.ref for each in account.identifiers if each.field == "PID-18"]
    same_digits = stated(adt(visit=pv1(f19="ACC77")))
    assert (same_digits.visit, same_digits.visit_field) == (KEY.visit("MERCY", "ACC77", "P"), "")


def test_a_profile_may_list_the_fields_of_the_visit_number() -> None:
    toml = IN_UTC + 'visit_number = ["PV1-50", "PV1-19"]'
    assert stated(adt(visit=pv1(f50="ALT")), toml).visit == KEY.visit("MERCY", "ALT", "P")
    assert stated(adt(), toml).visit == KEY.visit("MERCY PV1-19", "V4711", "P")
    assert stated(adt(visit=pv1(f19="")), toml).visit is None


def test_the_number_that_goes_on_is_an_account_if_the_new_number_is_one() -> None:
    begun = stated(adt("A04", pid=PID.replace("ACC77", "OLD"), visit=pv1(f19="", f2="O")))
    changed = stated(adt("A06", "MRG|||OLD^^^MERCY^AN", visit=pv1(f19="")))
    assert changed.prior_visit == begun.visit
    (patient,) = interpret([begun, changed])
    assert len(patient.encounters) == 1


def test_the_authority_of_the_record_number_is_the_authority_of_a_visit_number() -> None:
    def visit(authority: str) -> str | None:
        return stated(
            adt(pid=f"PID|1||1^^^{authority}^MR", visit=pv1(f19=f"V1^^^{authority}^VN"))
        ).visit

    assert visit("NORD&1.2.9&ISO") == visit("&1.2.9&ISO") == visit("NORD")
