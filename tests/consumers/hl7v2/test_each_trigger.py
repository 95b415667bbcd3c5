"""Each trigger: its row, and what it reads from one message that says everything."""

import pytest

from commands.ports.intake import Disposition
from domain.ids import RecordId
from domain.statement import Place, Statement
from domain.triggers import TRIGGERS
from tests.consumers.hl7v2.adt import KEY, adt, pv1, received, stated

EVERYTHING = pv1(f6="ICU^1^B^GEN", f44="20260301100000", f45="20260302110000", f36="01^Home")
MRG = "MRG|11111^^^MERCY^MR||A9||V9^^^^VN"
RECORD = KEY.record("MERCY", "98765", "P")
RETIRED = KEY.record("MERCY", "11111", "P")


def of(trigger: str) -> Statement:
    return stated(adt(trigger, MRG, visit=EVERYTHING, evn="EVN||20260301143201||||20260301101500"))


@pytest.mark.parametrize("trigger", sorted(TRIGGERS))
def test_a_trigger_is_filed_under_its_patient_and_topic(trigger: str) -> None:
    (draft,) = received(adt(trigger, MRG)).drafts
    assert draft.topic == TRIGGERS[trigger].topic
    assert draft.core.trigger == trigger
    assert draft.core.record == draft.subjects[0] == RECORD


@pytest.mark.parametrize(
    "trigger", ["A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "A11", "A12", "A13"]
)
def test_a_visit_has_its_number_class_places_and_times(trigger: str) -> None:
    core = of(trigger)
    assert core.visit == KEY.visit("MERCY", "V4711", "P")
    assert (core.class_as_sent, core.class_code) == ("I", "IMP")
    assert core.place == Place(
        ref=KEY.place("GEN", "4W", "401", "A"), facility="GEN", unit="4W", room="401", bed="A"
    )
    assert core.prior_place
    assert core.prior_place.unit == "ICU"
    assert core.occurred
    assert core.occurred.text == "20260301101500"
    assert core.admitted
    assert core.admitted.text == "20260301100000"
    assert core.discharged
    assert core.discharged.text == "20260302110000"
    assert (core.disposition, core.disposition_code) == ("01", "home")
    assert core.merged is None


@pytest.mark.parametrize("trigger", ["A06", "A07"])
def test_a_change_of_class_names_the_visit_that_goes_on(trigger: str) -> None:
    assert of(trigger).prior_visit == KEY.visit("MERCY", "V9", "P")
    account_only = stated(adt(trigger, "MRG|||A9"))
    assert account_only.prior_visit == KEY.visit("MERCY", "A9", "P")


def test_no_other_trigger_names_a_visit_that_goes_on() -> None:
    for trigger in set(TRIGGERS) - {"A06", "A07"}:
        assert of(trigger).prior_visit is None


@pytest.mark.parametrize("trigger", ["A28", "A31", "A34", "A40"])
def test_a_trigger_about_a_person_reads_nothing_of_the_visit(trigger: str) -> None:
    core = of(trigger)
    assert (core.visit, core.place, core.admitted, core.class_as_sent) == (None, None, None, "")
    assert "PV1-19" not in {each.field for each in core.identifiers}


@pytest.mark.parametrize("trigger", ["A34", "A40"])
def test_a_merge_names_the_record_that_retires(trigger: str) -> None:
    (draft,) = received(adt(trigger, MRG)).drafts
    assert draft.core.merged == RETIRED
    assert draft.subjects == (RECORD, RETIRED)


def pair(survivor: str, retired: str) -> tuple[str, str, str]:
    return f"PID|1||{survivor}^^^MERCY^MR", "PD1|||GP", f"MRG|{retired}^^^MERCY^MR"


@pytest.mark.parametrize("trigger", ["A34", "A40"])
def test_a_merge_of_several_pairs_is_one_statement_for_each(trigger: str) -> None:
    raw = adt(trigger, *pair("1001", "2001"), *pair("1002", "2002"), pid="", visit="")
    drafts = received(raw).drafts
    assert [(each.core.record, each.core.merged) for each in drafts] == [
        (KEY.record("MERCY", "1001", "P"), KEY.record("MERCY", "2001", "P")),
        (KEY.record("MERCY", "1002", "P"), KEY.record("MERCY", "2002", "P")),
    ]
    assert [each.core.pair for each in drafts] == [0, 1]
    assert len({each.core.content for each in drafts}) == 2
    assert len({each.core.ref for each in drafts}) == 2
    assert len({each.event_id for each in drafts}) == 2


def test_several_records_may_retire_into_one() -> None:
    raw = adt("A40", "MRG|2001^^^MERCY^MR", "MRG|2002^^^MERCY^MR")
    drafts = received(raw).drafts
    assert [each.core.merged for each in drafts] == [
        KEY.record("MERCY", number, "P") for number in ("2001", "2002")
    ]
    assert {each.core.record for each in drafts} == {RECORD}


def test_the_prior_identifier_of_the_patients_authority_retires() -> None:
    core = stated(adt("A40", "MRG|9111111119^^^NHS^NH~2001^^^MERCY^MR"))
    assert core.merged == KEY.record("MERCY", "2001", "P")


def test_a_second_prior_identifier_of_one_authority_is_flagged() -> None:
    core = stated(adt("A40", "MRG|2001^^^MERCY^MR~2002^^^MERCY^MR"))
    assert core.merged == KEY.record("MERCY", "2001", "P")
    assert "MRG-1.repeated" in core.flags
    assert not stated(adt("A40", "MRG|9111111119^^^NHS^NH~2001^^^MERCY^MR")).flags


def test_a_prior_identifier_without_authority_has_that_of_the_patient() -> None:
    assert stated(adt("A40", "MRG|11111")).merged == RETIRED


def test_a_merge_into_itself_is_recorded_and_flagged() -> None:
    (draft,) = received(adt("A40", "MRG|98765^^^MERCY^MR")).drafts
    assert draft.subjects == (RECORD,)
    assert "MRG-1.itself" in draft.core.flags


@pytest.mark.parametrize("mrg", ["", "MRG|", 'MRG|""', "MRG|0000000"])
def test_a_merge_that_does_not_name_the_record_that_retires_is_quarantined(mrg: str) -> None:
    message = received(adt("A40", mrg))
    assert message.disposition is Disposition.QUARANTINED
    assert (message.reason, message.place) == ("no_prior_identifier", "MRG-1")
    assert not message.drafts


@pytest.mark.parametrize("mrg", [f"MRG|{'2' * 300}", f"MRG|2001^^^{'A' * 300}^MR"])
def test_a_merge_of_a_record_whose_number_is_too_long_is_quarantined_with_that_reason(
    mrg: str,
) -> None:
    message = received(adt("A40", mrg))
    assert (message.reason, message.place) == ("prior_identifier_too_long", "MRG-1")
    assert not message.drafts


def test_a_message_with_one_unusable_pair_is_quarantined_whole() -> None:
    message = received(adt("A40", *pair("1001", "2001"), *pair("1002", ""), pid="", visit=""))
    assert message.disposition is Disposition.QUARANTINED
    assert not message.drafts


@pytest.mark.parametrize("kind", ["ADT^A57", "ADT^A09", "ORU^R01", "ACK^A01", "SIU^S12"])
def test_a_message_of_another_type_or_trigger_has_no_effect(kind: str) -> None:
    message = received(adt(msh={9: kind}))
    assert message.disposition is Disposition.NO_EFFECT
    assert not message.drafts
    assert message.trigger == kind.removeprefix("ADT^").removeprefix("ADT")


def test_a_record_belongs_to_its_authority_and_mode() -> None:
    assert stated(adt(pid="PID|||7")).record == KEY.record("MERCY", "7", "P")
    assert stated(adt(msh={11: "T"})).record == RecordId(KEY.record("MERCY", "98765", "T"))
