"""Text in fields for codes, such as the name of a patient, is sealed; codes stay in clear."""

import orjson
import pytest

from consumers.hl7v2.plausible_codes import is_code, is_place
from domain.triggers import TRIGGERS
from tests.consumers.hl7v2.adt import KEY, adt, pv1, received, sealed, stated

#: Every field for codes, with the text of a careless clerk in it.
FIELDS = (
    "f2", "f3", "f4", "f6", "f10", "f11", "f14", "f36", "f42",
    "f39", "room", "bed", "facility", "cx4", "msh10", "msh11", "cx5", "mrg_cx4",
)  # fmt: skip


def text_of(field: str) -> str:
    return f"Zq{field} Xj7, Rowena"


def a_message_full_of_texts(trigger: str) -> bytes:
    c = {field: text_of(field) for field in FIELDS}
    visit = pv1(
        f2=c["f2"],
        f3=f"{c['f3']}^{c['room']}^{c['bed']}^{c['facility']}",
        f4=c["f4"],
        f6=f"4W^{c['f6']}^A",
        f10=c["f10"],
        f11=f"4W^401^{c['f11']}",
        f14=c["f14"],
        f36=c["f36"],
        f39=c["f39"],
        f42=f"{c['f42']}^1^1",
    )
    return adt(
        trigger,
        f"MRG|8^^^{c['mrg_cx4']}^MR",
        pid=f"PID|1||7^^^{c['cx4']}^{c['cx5']}~9^^^MERCY^MR||DOE^JANE",
        msh={10: c["msh10"], 11: c["msh11"]},
        visit=visit,
    )


@pytest.mark.parametrize("trigger", sorted(TRIGGERS))
def test_no_text_in_a_field_for_codes_is_kept_in_clear(trigger: str) -> None:
    message = received(a_message_full_of_texts(trigger))
    assert message.drafts
    columns = (message.application, message.facility, message.control_id, message.trigger)
    clear = [*columns, *message.warnings]
    for draft in message.drafts:
        clear += [orjson.dumps(draft.core).decode(), draft.facility, draft.topic]
    assert [each for each in FIELDS if f"Zq{each}" in "".join(clear)] == []
    assert "Rowena" not in "".join(clear)


@pytest.mark.parametrize("trigger", sorted(TRIGGERS))
def test_every_text_is_sealed_and_its_field_is_flagged(trigger: str) -> None:
    raw = a_message_full_of_texts(trigger)
    kept = b"".join(each.text for draft in received(raw).drafts for each in draft.segments).decode()
    statement = stated(raw)
    assert text_of("cx4") in kept
    assert text_of("msh10") in kept
    assert {"PID-3.text", "MSH-10.text", "MSH-11.unknown"} <= set(statement.flags)
    if TRIGGERS[trigger].reads_visit:
        fields = ("2", "3", "4", "6", "10", "11", "14", "36", "42")
        assert {f"PV1-{each}.text" for each in fields} <= set(statement.flags)
        for each in (f"f{number}" for number in fields):
            assert text_of(each) in kept


def test_a_ref_tells_equal_texts_from_different_ones() -> None:
    one, same, other = (
        stated(adt(visit=pv1(f2=f"{text}, Rowena", f3=f"{text}, Rowena^401^A")))
        for text in ("Alder", "Alder", "Beech")
    )
    assert one.class_as_sent == same.class_as_sent != other.class_as_sent
    assert one.class_as_sent == f"ref:{KEY.ref('name', 'Alder, Rowena')}"
    assert one.class_code == "unknown"
    assert one.place
    assert same.place
    assert other.place
    assert one.place.ref == same.place.ref != other.place.ref
    assert (one.place.unit, one.place.room, one.place.bed) == (None, None, None)


def test_the_records_and_places_of_texts_are_those_of_before() -> None:
    """Ids are derived from the text itself, so that records of an earlier release go on."""
    core = stated(adt(pid="PID|1||7^^^Alder, Rowena^MR", visit=pv1(f3="Mrs Alder^401^A^GEN")))
    assert core.record == KEY.record("Alder, Rowena", "7", "P")
    assert core.place
    assert core.place.ref == KEY.place("GEN", "Mrs Alder", "401", "A")


def test_a_part_of_a_place_that_is_text_hides_the_parts_within_it() -> None:
    def shown(place: str) -> tuple[str | None, ...]:
        found = stated(adt(visit=pv1(f3=place))).place
        assert found
        return found.unit, found.room, found.bed

    assert shown("4W^401^A^GEN") == ("4W", "401", "A")
    assert shown("4W^401^Mrs Alder^GEN") == ("4W", "401", None)
    assert shown("4W^Mrs Alder^A^GEN") == ("4W", None, None)
    assert shown("Mrs Alder^401^A^GEN") == (None, None, None)
    assert shown("4W^^A^GEN") == ("4W", None, "A")


def test_usual_names_of_places_stay_in_clear() -> None:
    for name in (
        "4W",
        "Bed 41",
        "4 West",
        "Rowan Ward",
        "RenalWard",
        "Simulated Hospital",
        "ICU-2",
    ):
        assert is_place(name), name
    for name in ("Mrs Alder", "ALDER ROWENA", "Alder, Rowena", "O'Hara", "A" * 41, "a b c ward"):
        assert not is_place(name), name
    assert is_place("SIMULATOR MRN")
    assert is_place("2.16.840.1.113883.3.4.5.6.7")


def test_usual_codes_stay_in_clear() -> None:
    for code in ("I", "01", "alt-home", "GEN_MED", "CHIRÜRGIE", "A&E", "24/7", ""):
        assert is_code(code), code
    for text in ("Mrs Alder", "ALDER,ROWENA", "O'Hara", "ALDER^R", "tab\tbed", "A" * 21):
        assert not is_code(text), text


WORDS = """
[sender.mercy]
match = [{}]
words_in = ["PV1-2", "PV1-3", "PV1-10", "CX-4", "MSH-10"]
"""


def test_a_profile_says_where_a_sender_writes_words_that_name_no_person() -> None:
    raw = adt(
        pid="PID|1||7^^^Green Valley^MR||DOE^JANE",
        visit=pv1(f2="In patient", f3="Green Room^401^A", f4="Mrs Alder", f10="General medicine"),
        msh={10: "Message 7"},
    )
    core = stated(raw, WORDS)
    assert (core.class_as_sent, core.service) == ("In patient", "General medicine")
    assert core.place
    assert core.place.unit == "Green Room"
    assert core.control_id == received(raw, WORDS).control_id == "Message 7"
    assert core.identifiers[0].authority == "Green Valley"
    assert core.admission_type.startswith("ref:")
    assert [each for each in core.flags if each.endswith(".text")] == ["PV1-4.text"]


KNOWN = """
[sender.mercy]
match = [{}]
classes = { "In patient" = "IMP" }
services = { "Watch only" = "OBSENC" }
dispositions = { "Went home" = "home" }
facilities = { "Green Valley" = "Green Valley" }
authority_aliases = { "Green Valley" = "Green Valley numbers" }
"""


def test_what_a_profile_names_is_a_code() -> None:
    raw = adt(
        "A03",
        pid="PID|1||7^^^Green Valley^MR||DOE^JANE",
        visit=pv1(f2="In patient", f3="4W^401^A^Green Valley", f36="Went home"),
    )
    core = stated(raw, KNOWN)
    assert (core.class_as_sent, core.class_code) == ("In patient", "IMP")
    assert (core.disposition, core.disposition_code) == ("Went home", "home")
    assert core.place
    assert core.place.facility == "Green Valley"
    assert core.identifiers[0].authority == "Green Valley numbers"
    assert [each for each in core.flags if each.endswith(".text")] == []


def test_a_unit_under_part_2_is_sealed_in_its_own_class_whatever_its_name() -> None:
    toml = """
[sender.mercy]
match = [{}]
part2_units = [{ unit = "Recovery, long term" }]
"""
    raw = adt(visit=pv1(f3="Recovery, long term^401^A^GEN"))
    core = stated(raw, toml)
    assert core.place
    assert (core.place.part2, core.place.unit) == (True, None)
    assert sealed(raw, toml)["part2"]["places"][0]["unit"] == "Recovery, long term"
    assert "notes" not in sealed(raw, toml)
