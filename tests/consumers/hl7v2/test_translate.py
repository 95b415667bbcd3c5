from datetime import UTC, datetime
from hashlib import sha256

import pytest

from commands.ports.intake import Disposition
from consumers.hl7v2.delimiters import NULL
from consumers.hl7v2.translate import MAPPING_VERSION
from domain.statement import Settings
from tests.consumers.hl7v2.adt import KEY, PID, adt, pv1, received, sealed, stated


def test_a_message_says_who_sent_it_and_how_it_was_read() -> None:
    message = received(adt(), arrived_by="mllp")
    assert (message.application, message.facility, message.control_id) == ("ADT", "MERCY", "M1")
    assert (message.trigger, message.arrived_by, message.sender) == ("A01", "mllp", "default")
    assert message.mapping_version == MAPPING_VERSION
    assert message.warnings == ("profile.none",)
    assert message.raw == adt()


def test_a_profile_is_named_with_its_version_and_without_a_warning() -> None:
    toml = '[sender.mercy]\nmatch = [{facility = "MERCY"}]\nzone = "America/New_York"'
    message = received(adt(), toml)
    assert message.sender == "mercy"
    assert message.profile_version not in {"", received(adt()).profile_version}
    assert not message.warnings
    assert (
        received(adt(), toml.replace("mercy", "other")).profile_version == message.profile_version
    )


def test_bytes_without_msh_are_their_own_key() -> None:
    one, other = received(b"hello"), received(b"hello\r")
    assert one.disposition is Disposition.UNREADABLE
    assert (one.reason, one.place, one.pair_key, one.drafts) == ("no_msh", "MSH", None, ())
    assert one.key != other.key
    assert one.key == received(b"hello").key


def test_a_batch_in_one_frame_is_refused_as_one() -> None:
    one = received(b"FHS|^~\\&|A\rBHS|^~\\&|A\r" + adt())
    assert (one.disposition, one.reason) == (Disposition.UNREADABLE, "batch_in_frame")


def test_the_key_is_of_the_bytes_whatever_ends_their_lines() -> None:
    key = received(adt()).key
    for same in (adt(end="\n"), adt(end="\r\n"), b"\x0b" + adt() + b"\r\x1c\r", adt() + b"\r\n\n"):
        assert received(same).key == key
    assert received(adt(msh={10: "M2"})).key != key
    assert received(adt(evn="EVN||20260301143202")).key != key
    assert len(key) == len(sha256().digest())


def test_the_key_does_not_depend_on_who_is_said_to_have_sent_it() -> None:
    toml = '[sender.other]\nnamespace = "X"'
    assert received(adt(), toml, sender="other").key == received(adt()).key


def test_one_control_id_with_other_bytes_makes_a_pair() -> None:
    one, other = received(adt()), received(adt("A03"))
    assert one.pair_key == other.pair_key
    assert one.key != other.key
    assert received(adt(msh={10: ""})).pair_key is None


@pytest.mark.parametrize("pid", ["", "PID|1||", 'PID|1||""', "PID|1||^^^MERCY^MR", "PID|1||00000"])
def test_without_a_usable_patient_identifier_a_message_is_set_aside(pid: str) -> None:
    message = received(adt(pid=pid))
    assert message.disposition is Disposition.QUARANTINED
    assert (message.reason, message.place) == ("no_patient_identifier", "PID-3")
    assert message.pair_key is not None
    assert not message.drafts


def test_two_messages_in_one_are_set_aside() -> None:
    message = received(adt() + b"\r" + adt("A03"))
    assert message.disposition is Disposition.QUARANTINED
    assert message.reason == "several_messages"


@pytest.mark.parametrize(
    "kind",
    ["ADT^A01", "ADT^A01^ADT_A04", "ADT", "", "^A01", "A\xadDT^A\xad01", "ADT^A-01", "adt^a01"],
)
def test_the_trigger_is_found_in_spite_of_what_senders_write(kind: str) -> None:
    message = received(adt(msh={9: kind}, evn="EVN|A01|20260301143201"))
    assert message.disposition is Disposition.RECORDED
    assert message.trigger == "A01"


def test_msh_9_wins_over_evn_1_and_the_contradiction_is_flagged() -> None:
    core = stated(adt("A03", evn="EVN|A01|20260301143201"))
    assert core.trigger == "A03"
    assert "EVN-1.differs" in core.flags


def test_without_evn_the_time_is_that_of_the_visit_or_of_sending() -> None:
    (draft,) = received(adt("A03", evn=None, visit=pv1(f45="202603011415"))).drafts
    assert draft.core.entered is None
    assert draft.happened_at == datetime(2026, 3, 1, 14, 15, 59, 999999, tzinfo=UTC)
    (draft,) = received(adt("A03", evn=None)).drafts
    assert draft.happened_at == datetime(2026, 3, 1, 14, 32, 5, tzinfo=UTC)


def test_the_next_source_is_taken_where_a_time_cannot_be_read_and_its_text_is_sealed() -> None:
    raw = adt("A03", visit=pv1(f45="yesterday"))
    (draft,) = received(raw).drafts
    assert draft.happened_at == datetime(2026, 3, 1, 14, 32, 1, tzinfo=UTC)
    assert draft.core.flags == ("PV1-45.unreadable",)
    assert sealed(raw)["notes"]["unread"] == {"PV1-45": "yesterday"}


def test_an_absurd_time_of_sending_is_none() -> None:
    core = stated(adt(msh={7: "20990101"}))
    assert core.sent is None
    assert core.flags == ("MSH-7.absurd",)


def test_times_are_in_the_zone_of_the_profile() -> None:
    toml = '[sender.default]\nzone = "America/New_York"'
    core = stated(adt(), toml)
    assert core.sent
    assert core.sent.at == datetime(2026, 3, 1, 19, 32, 5, tzinfo=UTC)
    assert core.sent.zone == "profile"


def test_a_plan_is_for_a_time_to_come() -> None:
    later = pv1(f44="20260601100000")
    assert stated(adt("A05", visit=later)).flags == ()
    assert stated(adt("A01", visit=later)).flags == ("PV1-44.future",)


def test_equal_content_is_told_by_its_comparison_values() -> None:
    one = stated(adt())
    resent = stated(adt(msh={7: "20260301150000", 10: "M2", 13: "7"}, end="\n") + b"||")
    assert one.content == resent.content
    assert one.ref != resent.ref
    typed_again = stated(adt(evn="EVN||20260301150000"))
    assert typed_again.content != one.content
    assert typed_again.content_but_entered == one.content_but_entered
    moved = stated(adt(visit=pv1(f3="ICU^1^B^GEN")))
    assert moved.content_but_entered != one.content_but_entered


def test_a_statement_is_named_by_what_it_says_and_not_by_when_it_came() -> None:
    assert stated(adt()).ref == stated(adt(end="\n")).ref
    assert stated(adt()).ref != stated(adt(msh={10: "M2"})).ref
    assert stated(adt()).ref != stated(adt(msh={7: "20260301143206"})).ref


def test_test_messages_have_a_namespace_of_their_own_unless_promoted() -> None:
    core = stated(adt(msh={11: "T^A"}))
    assert (core.mode, core.mode_as_sent) == ("T", "T")
    assert core.record == KEY.record("MERCY", "98765", "T")
    promoted = stated(adt(msh={11: "T"}), '[sender.default]\ntest_messages = "promote"')
    assert (promoted.mode, promoted.mode_as_sent) == ("P", "T")
    assert promoted.record == stated(adt()).record


@pytest.mark.parametrize("sent", ["", "X"])
def test_an_unknown_mode_is_production_and_flagged(sent: str) -> None:
    core = stated(adt(msh={11: sent}))
    assert core.mode == "P"
    assert core.flags == ("MSH-11.unknown",)


def test_what_stands_twice_is_flagged() -> None:
    core = stated(adt("A02", pv1(f3="ICU^1^B^GEN")))
    assert core.place
    assert core.place.unit == "4W"
    assert core.flags == ("PV1.repeated",)


@pytest.mark.parametrize(
    ("f3", "f39", "facility"),
    [
        ("4W^401^A^GEN&1.2.3&ISO", "NORTH", "GEN"),
        ("4W^401^A", "NORTH", "NORTH"),
        ("4W", "", "MERCY"),
    ],
)
def test_the_facility_is_that_of_the_place_else_of_service_else_of_the_sender(
    f3: str, f39: str, facility: str
) -> None:
    (draft,) = received(adt(visit=pv1(f3=f3, f39=f39))).drafts
    assert draft.facility == facility
    assert draft.core.place
    assert draft.core.place.facility == facility


def test_facilities_are_made_one_code_by_the_map() -> None:
    toml = '[sender.default]\nfacilities = {GEN = "G", MERCY = "G", NORTH = "N"}'
    places = [pv1(), pv1(f3="4W^401^A"), pv1(f3="4W^401^A^GEN")]
    assert len({stated(adt(visit=each), toml).place for each in places}) == 1


@pytest.mark.parametrize("f3", ["", '""', "^^^"])
def test_no_place_is_none(f3: str) -> None:
    core = stated(adt(visit=pv1(f3=f3)))
    assert core.place is None
    assert core.flags == (("PV1-3.null",) if f3 == NULL else ())


def test_a_part2_unit_has_its_ref_and_facility_alone_in_clear() -> None:
    toml = '[sender.default]\npart2_units = [{unit = "DETOX", facility = "GEN"}]'
    raw = adt("A01", "ZBE|1||||||DETOX", visit=pv1(f3="DETOX^1^B^GEN", f43="DETOX^1^C"))
    (draft,) = received(raw, toml).drafts
    place = draft.core.place
    assert place
    assert (place.part2, place.facility, place.unit, place.room, place.bed) == (
        True, "GEN", None, None, None,
    )  # fmt: skip
    assert place.ref == KEY.place("GEN", "DETOX", "1", "B")
    assert sealed(raw, toml)["part2"]["places"] == [
        {"field": "PV1-3", "ref": place.ref, "unit": "DETOX", "room": "1", "bed": "B"}
    ]
    assert not any(b"DETOX" in each.text for each in draft.segments if each.segment != "part2")
    elsewhere = stated(adt(visit=pv1(f3="DETOX^1^B^NORTH")), toml)
    assert elsewhere.place
    assert not elsewhere.place.part2


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("I", "IMP"), ("E", "EMER"), ("O", "AMB"), ("P", "PRENC"), ("R", "AMB"), ("B", "IMP"),
        ("N", "unknown"), ("C", "unknown"), ("U", "unknown"), ("", "unknown"), ("Z", "unknown"),
        ("OBSENC", "OBSENC"),
    ],
)  # fmt: skip
def test_the_class_is_canonical_beside_what_was_sent(sent: str, code: str) -> None:
    core = stated(adt(visit=pv1(f2=sent)))
    assert (core.class_as_sent, core.class_code) == (sent, code)


def test_the_profile_maps_classes_services_and_dispositions() -> None:
    toml = """[sender.default]
        classes = {Z = "IMP"}
        services = {OBS = "OBSENC"}
        dispositions = {H9 = "hosp"}
    """
    assert stated(adt(visit=pv1(f2="Z")), toml).class_code == "IMP"
    core = stated(adt(visit=pv1(f2="O", f10="OBS^Observation", f36="H9")), toml)
    assert (core.class_as_sent, core.class_code, core.service) == ("O", "OBSENC", "OBS")
    assert (core.disposition, core.disposition_code) == ("H9", "hosp")


@pytest.mark.parametrize(
    ("field", "number"), [("PV1-19", "V4711"), ("PID-18", "ACC77"), ("PV1-50", "ALT1")]
)
def test_the_profile_says_which_field_numbers_visits(field: str, number: str) -> None:
    toml = f'[sender.default]\nvisit_number = "{field}"'
    assert stated(adt(visit=pv1(f50="ALT1")), toml).visit == KEY.visit("MERCY", number, "P")


def test_a_placeholder_numbers_no_visit() -> None:
    core = stated(adt(visit=pv1(f19="00000")))
    assert core.visit is None
    assert core.flags == ("PV1-19.placeholder",)


def test_visit_numbers_are_of_the_profiles_namespace_else_of_the_sender() -> None:
    assert stated(adt()).namespace == "MERCY"
    assert stated(adt(msh={4: ""})).namespace == "ADT"
    core = stated(adt(), '[sender.default]\nnamespace = "REGION"')
    assert core.namespace == "REGION"
    assert core.visit == KEY.visit("REGION", "V4711", "P")


def test_movements_are_read_where_the_profile_says_so() -> None:
    zbe = "ZBE|4711^ADT^^|20260301||UPDATE|Y|A02"
    assert stated(adt("A02", zbe)).movement is None
    movement = stated(adt("A02", zbe), "[sender.default]\nmovement_ids = true").movement
    assert movement
    assert (movement.action, movement.historic) == ("UPDATE", True)


def test_what_interpretation_needs_of_a_profile_travels_with_the_statement() -> None:
    toml = (
        "[sender.default]\nsame_visit_hours = 4\nclose_after_hours = 36\nunlink_undoes_merge = true"
    )
    assert stated(adt(), toml).settings == Settings(
        same_visit_hours=4, close_after_hours=36, unlink_undoes_merge=True
    )
    assert stated(adt()).settings == Settings()


def test_death_is_stated_in_pid() -> None:
    pid = PID + "|" * 11 + "202603011200|Y"
    core = stated(adt("A03", pid=pid))
    assert core.deceased is True
    assert core.died
    assert core.died.text == "202603011200"
    assert stated(adt()).deceased is None


def test_a_charset_of_the_profile_holds_where_the_message_names_none() -> None:
    raw = adt().decode().replace("DOE", "MÜLLER").encode("iso8859-1")
    assert sealed(raw)["demographics"]["names"][0]["family"] == "MÜLLER"
    assert stated(raw).flags == ("charset_suspect",)
    assert stated(raw, '[sender.default]\ncharset = "8859/1"').flags == ()


def test_a_code_that_is_text_is_sealed() -> None:
    raw = adt(visit=pv1(f36="went home with her sister who lives next door to the old post office"))
    core = stated(raw)
    assert core.disposition == ""
    assert core.flags == ("PV1-36.unreadable",)
    assert "sister" in sealed(raw)["notes"]["unread"]["PV1-36"]
