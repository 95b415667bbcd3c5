"""All patient data is sealed, and the core in clear holds none of it."""

import msgspec
import orjson
import pytest

from domain.segments import Clinical, Demographics, Identifiers, Notes, Part2
from domain.triggers import TRIGGERS
from tests.consumers.hl7v2.adt import adt, pv1, received, sealed

CLASSES = {
    "identifiers": Identifiers, "demographics": Demographics, "clinical": Clinical,
    "part2": Part2, "notes": Notes,
}  # fmt: skip

#: A different text for every field that may hold patient data; none is a word of our own.
CANARIES = {
    name: f"Zq{name}Xj7"
    for name in (
        "mrn", "nhs", "family", "given", "middle", "maiden", "alias", "street", "city", "phone",
        "work", "account", "ssn", "licence", "mother", "visit", "alternate", "preadmit", "bed",
        "operator", "attending", "referring", "consulting", "admitting", "other", "gp", "kin",
        "kinphone", "policy", "insured", "allergy", "diagnosis", "procedure", "role", "reason",
        "zfield", "prior", "prioraccount", "priorvisit", "priorname", "note", "eventtime", "birth",
        "guarantor", "observation", "unreadable",
    )
}  # fmt: skip
#: Places are codes and are kept in clear.
IN_CLEAR = {"bed"}


def a_message_full_of_canaries(trigger: str) -> bytes:
    c = CANARIES
    pid = (
        f"PID|1|{c['mrn']}2^^^A|{c['mrn']}^^^MERCY^MR~{c['nhs']}^^^NHS^NH|{c['mrn']}4^^^B|"
        f"{c['family']}^{c['given']}^{c['middle']}|{c['maiden']}|{c['birth']}|F|{c['alias']}||"
        f"{c['street']}^^{c['city']}||{c['phone']}|{c['work']}||||{c['account']}^^^X|{c['ssn']}|"
        f"{c['licence']}|{c['mother']}"
    )
    visit = pv1(
        f3=f"4W^401^{c['bed']}^GEN", f5=c["preadmit"], f7=f"1^{c['attending']}",
        f8=f"2^{c['referring']}", f9=f"3^{c['consulting']}", f17=f"4^{c['admitting']}",
        f19=c["visit"], f44=c["unreadable"], f50=c["alternate"], f52=f"5^{c['other']}",
    )  # fmt: skip
    return adt(
        trigger,
        f"PD1||||1^{c['gp']}",
        f"NK1|1|{c['kin']}||{c['street']}|{c['kinphone']}",
        f"GT1|1||{c['guarantor']}",
        f"PV2|||1^{c['reason']}",
        f"AL1|1|DA|1^{c['allergy']}",
        f"DG1|1||I10^{c['diagnosis']}",
        f"PR1|1||1^{c['procedure']}",
        f"ROL|1|AD|AT|{c['role']}",
        f"IN1|1|P|{c['policy']}|||||||||||||{c['insured']}",
        f"OBX|1|TX|1||{c['observation']}",
        f"NTE|1||{c['note']}",
        f"ZPI|1|{c['zfield']}",
        f"MRG|{c['prior']}^^^MERCY^MR||{c['prioraccount']}||{c['priorvisit']}||{c['priorname']}",
        evn=f"EVN||20260301143201|||9^{c['operator']}|{c['eventtime']}",
        pid=pid,
        visit=visit,
    )


@pytest.mark.parametrize("trigger", sorted(TRIGGERS))
def test_the_core_holds_no_number_and_no_name_as_sent(trigger: str) -> None:
    message = received(a_message_full_of_canaries(trigger))
    assert message.drafts
    for draft in message.drafts:
        clear = orjson.dumps(draft.core).decode().lower() + draft.facility + draft.topic
        seen = {name for name, canary in CANARIES.items() if canary.lower() in clear}
        assert seen <= IN_CLEAR
    columns = (message.application, message.facility, message.control_id, message.trigger)
    assert not any(
        canary in text for canary in CANARIES.values() for text in (*columns, *message.warnings)
    )


@pytest.mark.parametrize("trigger", sorted(TRIGGERS))
def test_every_field_about_a_person_is_sealed(trigger: str) -> None:
    message = received(a_message_full_of_canaries(trigger))
    text = b"".join(each.text for draft in message.drafts for each in draft.segments).decode()
    lost = {name for name, canary in CANARIES.items() if canary not in text} - IN_CLEAR
    # A trigger about a person does not read these fields of PV1. The bytes of the message are kept.
    not_read = {"visit", "alternate", "preadmit", "unreadable"}
    assert lost <= (set() if TRIGGERS[trigger].reads_visit else not_read)


@pytest.mark.parametrize("trigger", sorted(TRIGGERS))
def test_sealed_segments_decode_as_their_types(trigger: str) -> None:
    for draft in received(a_message_full_of_canaries(trigger)).drafts:
        keys = [(each.subject, each.segment) for each in draft.segments]
        assert len(keys) == len(set(keys))
        assert {each.subject for each in draft.segments} == set(draft.subjects)
        for each in draft.segments:
            msgspec.json.decode(each.text, type=CLASSES[each.segment])


def test_demographics_are_read_and_kept_as_sent() -> None:
    personal = sealed(adt("A01", "NK1|1|DOE^JOHN|SPO", "IN1|1|PPO|4711"))["demographics"]
    assert personal["names"] == [
        {
            "family": "DOE", "given": "JANE", "middle": "Q", "suffix": "JR", "prefix": "DR",
            "type": "L",
        }
    ]  # fmt: skip
    assert (personal["birth_date"], personal["sex"]) == ("1951-06-02", "F")
    assert personal["addresses"] == ["12 ELM ST ELM ST, APT 4, SPRINGFIELD, IL, 62701, USA"]
    assert personal["phones"] == ["555-0100"]
    kept = {each["segment"]: each for each in personal["segments"]}
    assert kept["PID"]["5"] == "DOE^JANE^Q^JR^DR^^L"
    assert not kept["PID"].keys() & {"2", "3", "4", "18", "19", "20", "21"}
    assert kept["NK1"]["3"] == "SPO"
    assert kept["IN1"]["3"] == "4711"


def test_names_repeat_and_their_escapes_are_resolved() -> None:
    raw = adt(pid=r"PID|1||1^^^A||VAN DER BERG&VAN DER&BERG^A\T\B~O\E\K^^^^^^M||19510602||X^Y")
    names = sealed(raw)["demographics"]["names"]
    assert [(each["family"], each["given"], each["type"]) for each in names] == [
        ("VAN DER BERG", "A&B", ""),
        ("O\\K", "", "M"),
        ("X", "Y", ""),
    ]


def test_a_deleted_field_differs_from_an_empty_one() -> None:
    personal = sealed(adt(pid='PID|1||1^^^A||DOE||""|""'))["demographics"]
    assert (personal["birth_date"], personal["sex"]) == ('""', '""')
    assert sealed(adt(pid="PID|1||1^^^A"))["demographics"]["birth_date"] == ""


def test_phones_in_parts_are_put_together() -> None:
    pid = "PID|1||1^^^A||DOE||||||||^PRN^PH^^1^555^0100~^NET^X.400^a@example.org"
    assert sealed(adt(pid=pid))["demographics"]["phones"] == ["1 555 0100", "a@example.org"]


def test_clinical_segments_are_kept_as_sent_with_their_delimiters() -> None:
    usual = adt("A01", "AL1|1|DA|1^NUT&TREE", "ZXX|1|2~3")
    clinical = {each["segment"]: each for each in sealed(usual)["clinical"]["segments"]}
    assert clinical["AL1"] == {"segment": "AL1", "1": "1", "2": "DA", "3": "1^NUT&TREE"}
    assert clinical["ZXX"] == {"segment": "ZXX", "1": "1", "2": "2~3"}
    theirs = usual.translate(bytes.maketrans(b"|^~\\&", b"#:*?!"))
    assert {
        each["segment"]: each["delimiters"] for each in sealed(theirs)["clinical"]["segments"]
    } == {"AL1": "#:*?!", "ZXX": "#:*?!"}


def test_lines_that_are_not_segments_are_sealed() -> None:
    assert sealed(adt(end="\n") + b"\nstray words")["notes"]["unread"] == {"lines": "stray words"}


def test_an_unreadable_date_of_birth_is_sealed_and_flagged() -> None:
    raw = adt(pid="PID|1||1^^^A||DOE||June 1951")
    assert sealed(raw)["notes"]["unread"] == {"PID-7": "June 1951"}
    (draft,) = received(raw).drafts
    assert draft.core.flags == ("PID-7.unreadable",)


def test_fields_that_are_not_read_are_sealed_as_sent() -> None:
    raw = adt("A01", "ZBE|1|2|||||WARD", visit=pv1(f7="1^WHO", f16="VIP", f37="SNF^12", f43="ER"))
    clinical = {each["segment"]: each for each in sealed(raw)["clinical"]["segments"]}
    assert clinical["PV1"] == {
        "segment": "PV1", "7": "1^WHO", "16": "VIP", "37": "SNF^12", "43": "ER",
    }  # fmt: skip
    assert clinical["ZBE"]["7"] == "WARD"
