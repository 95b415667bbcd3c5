"""Who has which role for the patient: PV1-7, -8, -9 and -17, PD1-4, ROL and PRT."""

from typing import Any

import pytest

from domain.statement import StatedRole
from tests.consumers.hl7v2.adt import IN_UTC, KEY, adt, pv1, received, sealed, stated

HOUSE = "4711^HOUSE^GREGORY^^^DR^^^MERCY^L^^^EI"
HOUSE_NPI = "1234567893^HOUSE^GREGORY^^^DR^^^CMS&2.16.840.1.113883.4.6&ISO^L^^^NPI"
WILSON = "4712^WILSON^JAMES^^^^^^MERCY"
NPI = KEY.ref("practitioner", "NPI", "1234567893")


def ref(number: str, authority: str = "MERCY") -> str:
    return KEY.ref("practitioner", authority, number)


def roles(raw: bytes, toml: str = IN_UTC) -> list[tuple[str, str, str]]:
    return [(each.field, each.role, each.practitioner) for each in stated(raw, toml).roles]


def named(raw: bytes, toml: str = IN_UTC) -> list[dict[str, Any]]:
    """Return the practitioners in the sealed demographics."""
    found: list[dict[str, Any]] = sealed(raw, toml)["demographics"]["practitioners"]
    return found


def test_each_field_states_a_role_and_the_ref_of_a_practitioner() -> None:
    visit = pv1(f7=HOUSE, f8=WILSON, f9=f"{HOUSE}~{WILSON}", f17=WILSON)
    assert roles(adt("A01", f"PD1||||{WILSON}", visit=visit)) == [
        ("PV1-7", "AT", ref("4711")),
        ("PV1-8", "RP", ref("4712")),
        ("PV1-9", "CP", ref("4711")),
        ("PV1-9", "CP", ref("4712")),
        ("PV1-17", "AD", ref("4712")),
        ("PD1-4", "PP", ref("4712")),
    ]


def test_names_and_numbers_are_sealed_once_for_each_practitioner() -> None:
    raw = adt(visit=pv1(f7=f"{HOUSE}~{HOUSE_NPI}", f8=WILSON, f17=HOUSE_NPI))
    house, wilson = named(raw)
    assert (house["ref"], wilson["ref"]) == (NPI, ref("4712"))
    assert {name: text for name, text in house["name"].items() if text} == {
        "family": "HOUSE", "given": "GREGORY", "prefix": "DR",
    }  # fmt: skip
    assert [(each["value"], each["authority"], each["type"]) for each in house["numbers"]] == [
        ("4711", "MERCY", "EI"),
        ("1234567893", "CMS", "NPI"),
    ]
    assert house["numbers"][0]["field"] == "PV1-7"
    assert roles(raw)[0] == ("PV1-7", "AT", NPI)
    core = repr(stated(raw))
    assert not [each for each in ("HOUSE", "4711", "1234567893", "WILSON") if each in core]


def test_a_message_that_names_no_practitioner_seals_none() -> None:
    assert stated(adt()).roles == ()
    assert "practitioners" not in sealed(adt())["demographics"]


@pytest.mark.parametrize(
    ("field", "practitioners"),
    [
        (f"{HOUSE}~{HOUSE_NPI}", [NPI]),  # one name
        (f"{HOUSE_NPI}~{HOUSE}", [NPI]),
        ("4711^HOUSE^^^^^^^MERCY~1234567893^^^^^^^^^^^^NPI", [NPI]),  # another type, no name
        ("4711^^^^^^^^MERCY~88^^^^^^^^NORD", [ref("4711")]),
        ("4711^^^^^^^^MERCY~4712^^^^^^^^MERCY", [ref("4711"), ref("4712")]),
        (f"{HOUSE}~{WILSON}", [ref("4711"), ref("4712")]),
        (f'~{HOUSE}~^^^~""^', [ref("4711")]),
    ],
)
def test_repetitions_are_one_practitioner_or_several(field: str, practitioners: list[str]) -> None:
    found = [practitioner for _, _, practitioner in roles(adt(visit=pv1(f9=field)))]
    assert found == practitioners


def test_the_authority_of_a_number_is_stated_or_the_namespace() -> None:
    def attending(field: str, toml: str = IN_UTC) -> str:
        ((_, _, practitioner),) = roles(adt(visit=pv1(f7=field)), toml)
        return practitioner

    assert attending("4711^HOUSE") == ref("4711", "MERCY")
    assert attending("4711^HOUSE^^^^^^^&1.2.3&ISO") == ref("4711", "1.2.3")
    assert attending("4711^HOUSE^^^^^^^^^^^^NORD") == ref("4711", "NORD")
    assert attending("1234567893^HOUSE^^^^^^^NPI") == NPI
    aliases = '[sender.default]\nzone = "UTC"\nauthority_aliases = {"1.2.3" = "NORD"}'
    assert attending("4711^HOUSE^^^^^^^&1.2.3&ISO", aliases) == ref("4711", "NORD")


def test_a_practitioner_without_a_number_has_a_ref_of_the_name() -> None:
    first, second, other = (
        roles(adt(visit=pv1(f7=field)))[0][2]
        for field in ("^House^Gregory", "UNKNOWN^HOUSE^GREGORY", "^WILSON^JAMES")
    )
    assert first == second == KEY.ref("practitioner name", "MERCY", "HOUSE", "GREGORY", "")
    assert other != first


def test_a_deleted_field_is_kept_apart_from_an_empty_one() -> None:
    assert roles(adt("A08", visit=pv1(f7='""', f9=WILSON))) == [
        ("PV1-7", "AT", ""),
        ("PV1-9", "CP", ref("4712")),
    ]


def test_rol_states_action_instance_and_period() -> None:
    rol = "ROL|7^MERCY|up|CP^Consulting^HL70443|" + WILSON + "|20260301120000|20260302"
    (role,) = stated(adt("A08", rol)).roles
    assert (role.field, role.role, role.action) == ("ROL-4", "CP", "UP")
    assert role.practitioner == ref("4712")
    assert role.instance == KEY.ref("role", "MERCY", "7^MERCY", "P")
    assert role.begins is not None
    assert role.begins.at.isoformat() == "2026-03-01T12:00:00+00:00"
    assert role.ends is not None
    assert role.ends.precision == "day"
    assert named(adt("A08", rol))[0]["name"]["family"] == "WILSON"


def test_prt_states_the_same_in_its_own_fields() -> None:
    prt = f"PRT|7|AD||AT|{WILSON}||||||20260301120000|20260302120000"
    (role,) = stated(adt("A08", prt)).roles
    assert (role.field, role.role, role.action) == ("PRT-5", "AT", "AD")
    assert role.practitioner == ref("4712")
    assert role.begins is not None
    assert role.ends is not None


def test_rol_may_name_only_the_instance_of_a_role() -> None:
    (role,) = stated(adt("A08", "ROL|7|DE|AT|")).roles
    assert (role.practitioner, role.action) == ("", "DE")
    assert role.instance
    assert stated(adt("A08", "ROL||DE|AT|")).roles == ()
    assert stated(adt("A08", f"ROL|7|AD||{WILSON}")).roles == ()


def test_rol_of_a_procedure_or_an_insurance_is_not_about_the_stay() -> None:
    rol = f"ROL|1|AD|AT|{WILSON}"
    for before in ("PR1|1", "IN1|1", "OBX|1"):
        assert stated(adt("A01", before, rol)).roles == ()
        assert len(stated(adt("A01", rol, before)).roles) == 1


def test_a_statement_about_a_person_has_no_roles_of_pv1() -> None:
    raw = adt("A31", f"PD1||||{WILSON}", visit=pv1(f7=HOUSE))
    assert roles(raw) == [("PD1-4", "PP", ref("4712"))]


def test_a_merge_states_no_roles() -> None:
    raw = adt("A40", f"PD1||||{WILSON}", "MRG|55^^^MERCY", f"ROL|1|AD|PP|{WILSON}", visit="")
    assert stated(raw).roles == ()


def test_a_text_in_place_of_a_code_is_sealed() -> None:
    raw = adt("A08", f"ROL|1|AD|Mrs Wilson, nurse|{WILSON}")
    core = stated(raw)
    assert core.roles[0].role.startswith("ref:")
    assert "ROL-3.text" in core.flags
    assert sealed(raw)["notes"]["unread"]["ROL-3"] == "Mrs Wilson, nurse"


def test_a_number_over_the_limit_is_not_read() -> None:
    core = stated(adt(visit=pv1(f7=f"{'9' * 300}^HOUSE~{WILSON}")))
    assert [each.practitioner for each in core.roles] == [ref("4712")]
    assert "PV1-7.too_long" in core.flags


def test_roles_over_the_limit_are_not_read() -> None:
    many = [f"ROL|{number}|AD|CP|{number}^X{number}" for number in range(70)]
    core = stated(adt("A01", *many))
    assert len(core.roles) == 64
    assert "ROL.too_long" in core.flags
    many_names = "~".join(f"{number}^X{number}" for number in range(1, 71))
    core = stated(adt(visit=pv1(f9=many_names)))
    assert len(core.roles) == 64
    assert "PV1-9.too_long" in core.flags


def test_practitioners_are_read_with_the_delimiters_of_the_message() -> None:
    raw = adt(visit=pv1(f7=WILSON)).replace(b"^", b"$").replace(b"$~\\&", b"$~\\&")
    assert roles(raw) == [("PV1-7", "AT", ref("4712"))]
    (wilson,) = named(adt(visit=pv1(f7="4712^O\\T\\HARA&O&HARA^J")))
    assert wilson["name"]["family"] == "O&HARA"


def test_what_is_sealed_as_sent_stays_as_it_was() -> None:
    clinical = sealed(adt("A01", f"ROL|1|AD|AT|{WILSON}", visit=pv1(f7=HOUSE)))["clinical"]
    assert {"segment": "PV1", "7": HOUSE} in clinical["segments"]
    assert {"segment": "ROL", "1": "1", "2": "AD", "3": "AT", "4": WILSON} in clinical["segments"]


def test_the_mapping_version_says_that_practitioners_are_read() -> None:
    assert received(adt()).mapping_version == "hl7v2-adt-4"


def test_a_role_has_no_value_that_is_not_stated() -> None:
    assert stated(adt(visit=pv1(f7=WILSON))).roles == (
        StatedRole(field="PV1-7", role="AT", practitioner=ref("4712")),
    )
