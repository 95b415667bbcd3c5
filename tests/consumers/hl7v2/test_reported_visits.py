"""Reported situations that the rules of visits decide, with variants of each and with profiles."""

import re
from itertools import permutations

import pytest

from domain.continuity import Encounter
from domain.interpretation import interpret
from tests.consumers.hl7v2.test_reported import messages, received, told


def encounters(raw: list[bytes], toml: str = "") -> list[Encounter]:
    """Return the encounters that messages add up to, in order of their start."""
    cores = [draft.core for each in raw for draft in received(each, toml).drafts]
    found = [each for patient in interpret(cores) for each in patient.encounters]
    return sorted(found, key=lambda each: (each.start is None, each.start, each.encounter_id))


def profile(line: str) -> str:
    return f"[sender.default]\nzone = 'UTC'\n{line}"


# --- 04a: merges ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pid3",
    [
        "W-900^^^ENT^PI~W-55^^^NORD^MR",
        "W-55^^^NORD^MR~W-900^^^ENT^PI",
        "W-900^^^ENT^MR~W-55^^^NORD^MR",
        "W-55^^^NORD^MR",
    ],
)
@pytest.mark.parametrize("line", ["", 'file_under = "ENT"', 'file_under = "NORD"'])
def test_a_merge_joins_the_number_of_its_type_and_authority(pid3: str, line: str) -> None:
    *stays, merge = messages("04a")
    merge = merge.replace(b"W-900^^^ENT^PI~W-55^^^NORD^MR", pid3.encode())
    assert len(told([*stays, merge], profile(line))) == 2
    cores = [
        draft.core for each in (*stays, merge) for draft in received(each, profile(line)).drafts
    ]
    (patient,) = interpret(cores)
    assert len(patient.encounters) == 2


def test_a_merge_of_a_second_number_hides_no_history() -> None:
    first, second, merge = messages("04a")
    second = second.replace(b"W-77^^^NORD^MR", b"W-77^^^NORD^MR~W-901^^^ENT^PI")
    merge = merge.replace(b"MRG|W-77^^^NORD^MR", b"MRG|W-901^^^ENT^PI")
    for order in permutations([first, second, merge]):
        assert len(encounters(list(order))) == 2
        cores = [draft.core for each in order for draft in received(each).drafts]
        assert len(interpret(cores)) == 1


def test_a_merge_of_two_second_numbers_joins_the_records_that_hold_them() -> None:
    first, second, merge = messages("04a")
    first = first.replace(b"W-55^^^NORD^MR", b"W-55^^^NORD^MR~W-900^^^ENT^PI")
    second = second.replace(b"W-77^^^NORD^MR", b"W-77^^^NORD^MR~W-901^^^ENT^PI")
    merge = merge.replace(b"W-900^^^ENT^PI~W-55^^^NORD^MR", b"W-900^^^ENT^PI")
    for retired in (b"W-901^^^ENT^PI", b"W-901^^^ENT"):
        last = merge.replace(b"MRG|W-77^^^NORD^MR", b"MRG|" + retired)
        cores = [draft.core for each in (first, second, last) for draft in received(each).drafts]
        (patient,) = interpret(cores)
        assert len(patient.encounters) == 2


# --- 17: two forms of an authority ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("pid_3", "first", "second"),
    [
        ("7^^^NORD^MR", "VIS&1.2.9.4&ISO", "&1.2.9.4&ISO"),
        ("7^^^NORD^MR", "&1.2.9.4&ISO", "VIS&1.2.9.4&ISO"),
        ("7^^^NORD&1.2.9.4&ISO^MR", "NORD&1.2.9.4&ISO", "&1.2.9.4&ISO"),
        ("7^^^NORD&1.2.9.4&ISO^MR", "", "&1.2.9.4&ISO"),
    ],
)
def test_a_visit_number_under_two_forms_of_its_authority_is_one_visit(
    pid_3: str, first: str, second: str
) -> None:
    raw = [
        re.sub(rb"V-1\S+MR", pid_3.encode(), each).replace(b"|VV1|", f"|VV1^^^{form}^VN|".encode())
        for each, form in zip(messages("17"), (first, second), strict=True)
    ]
    assert told(raw) == ["1 IMP finished: 4W-9-B 02.08:00-05.08:00"]


# --- 11: precision --------------------------------------------------------------------------------


def test_a_day_without_a_time_is_said_to_be_one() -> None:
    first, second, other = messages("11a")
    stay, following = encounters([first, second, other])
    assert (stay.start_precision, stay.end_precision) == ("day", "second")
    assert (following.start_precision, following.end) == ("second", None)
    assert stay.stays[0].start_precision == "day"


def test_without_any_time_the_readmission_of_a_day_follows_its_discharge() -> None:
    raw = [
        each.replace(b"||||20260305104500", b"").replace(b"||||20260305180000", b"")
        for each in messages("11c")
    ]
    for order in permutations(raw):
        stay, following = encounters(list(order))
        assert stay.end is not None
        assert following.start is not None
        assert stay.end <= following.start
        assert (stay.end_precision, following.start_precision) == ("day", "day")


# --- order inside one instant ---------------------------------------------------------------------


def _transfer(control: str, place: str, prior: str, *, entered: str = "20260302110000") -> bytes:
    return (
        f"MSH|^~\\&|REG|NORD|CT|HUB|20260302110000||ADT^A02|{control}|P|2.5\r"
        f"EVN||{entered}||||20260302110000\r"
        "PID|1||W-55^^^NORD^MR||QUILL^WIN||19800101|M\r"
        f"PV1|1|I|{place}|||{prior}|||||||||||||VW1\r"
    ).encode()


@pytest.mark.parametrize(("first", "second"), [("Q", "B"), ("77", "x12"), ("a1b2", "09ff")])
def test_the_chain_of_places_orders_transfers_of_one_second(first: str, second: str) -> None:
    admitted = messages("04a")[0]
    there = _transfer(first, "4W^2^A^NORD", "4W^1^A^NORD")
    further = _transfer(second, "4W^3^A^NORD", "4W^2^A^NORD")
    for order in permutations([admitted, there, further]):
        assert told(list(order)) == [
            "1 IMP in-progress: 4W-1-A 02.10:00-02.11:00, 4W-3-A 02.11:00-"
        ]


def test_transfers_of_one_second_that_nothing_orders_are_flagged() -> None:
    admitted = messages("04a")[0]
    raw = [admitted, _transfer("Q", "4W^2^A^NORD", ""), _transfer("B", "4W^3^A^NORD", "")]
    (encounter,) = encounters(raw)
    assert "order_unknown" in encounter.flags


def test_evn_2_orders_transfers_of_one_second_whatever_their_control_ids_are() -> None:
    admitted = messages("04a")[0]
    late = _transfer("1", "4W^2^A^NORD", "", entered="20260302111000")
    early = _transfer("2", "4W^3^A^NORD", "", entered="20260302110500")
    assert told([admitted, early, late]) == [
        "1 IMP in-progress: 4W-1-A 02.10:00-02.11:00, 4W-2-A 02.11:00-"
    ]


# --- 20, 23, 24, 25: what a profile decides -------------------------------------------------------


def test_a_deleted_discharge_is_flagged_or_reopens_by_profile() -> None:
    raw = messages("20")
    (encounter,) = encounters(raw)
    assert (encounter.status, encounter.flags) == ("finished", ("discharge_deleted_by_update",))
    (encounter,) = encounters(raw, profile("update_reopens = true"))
    assert (encounter.status, encounter.end, encounter.flags) == ("in-progress", None, ())


def test_attendances_of_one_number_are_one_series_by_profile() -> None:
    assert told(messages("23"), profile('recurring = "series"')) == [
        "1 AMB arrived: DIAL-1-A 02.08:00-04.08:00, DIAL-2-A 04.08:00-06.08:00, DIAL-3-A 06.08:00-"
    ]
    assert told(messages("23"), profile('recurring = "one"')) == [
        "1 AMB arrived: DIAL-3-A 06.08:00-"
    ]


def test_a_second_admission_corrects_the_first_by_profile() -> None:
    assert told(messages("24"), profile('second_admission = "corrects"')) == [
        "1 IMP in-progress: 4W-2-B 02.15:00-"
    ]


def test_a_discharge_of_an_update_is_flagged_or_ends_the_visit_by_profile() -> None:
    raw = messages("25")
    (encounter,) = encounters(raw)
    assert (encounter.status, encounter.flags) == ("in-progress", ("discharge_stated_by_update",))
    assert told(raw, profile("update_discharges = true")) == [
        "1 IMP finished: 4W-9-A 02.08:00-05.14:00"
    ]
    (encounter,) = encounters(raw, profile("update_discharges = true"))
    assert (encounter.disposition_code, encounter.flags) == ("home", ())
