"""Each discharge gives its kind of transition, with its steps and their dates."""

from dataclasses import replace

import pytest

from domain.duties import in_time_until
from domain.rules import NO_PROTOCOLS, Protocols, PublishedProtocol, parse_protocol
from domain.statement import Moment, ProfileSettings
from tests.domain.interpretation.statements import adt
from tests.domain.transition.given import (
    CONTENT,
    PROTOCOLS,
    dates,
    on,
    only,
    stay,
    step,
    transitions,
    utc,
)

#: All stays of the table end on Monday, 2 March 2026, at 10:00 in New York.
BEGIN, END = "2026-02-26 09:00", "2026-03-02 15:00"

INFORMATION = {"information": "2026-03-04"}
HOME = INFORMATION | {
    "contact": "2026-03-04",
    "medications": "2026-03-16",
    "visit": "2026-03-16",
    "pending_results": "2026-03-03",
    "referrals": "2026-03-04",
    "education": "2026-03-04",
    "equipment": "2026-03-04",
}
HOME_HEALTH = HOME | {"first_visit": "2026-03-04 15:00"}
SNF = {
    "transfer_information": "2026-03-02",
    "medication_list": "2026-03-02",
    "arrival": "2026-03-03 15:00",
    "baseline_plan": "2026-03-04 15:00",
}
FACILITY = {"transfer_information": "2026-03-02", "arrival": "2026-03-03 15:00"}
ACUTE_TRANSFER = {"transfer_information": "2026-03-02"}
HOSPICE = {"information": "2026-03-02", "first_assessment": "2026-03-04 15:00"}
AGAINST_ADVICE = {
    "contact": "2026-03-03",
    "risk_told": "2026-03-03",
    "information": "2026-03-04",
    "visit_offered": "2026-03-09",
}

TABLE = {
    "01": ("home", HOME),
    "1": ("home", HOME),
    "02": ("acute_transfer", ACUTE_TRANSFER),
    "03": ("snf", SNF),
    "06": ("home_health", HOME_HEALTH),
    "07": ("against_advice", AGAINST_ADVICE),
    "08": ("home_health", HOME_HEALTH),
    "43": ("acute_transfer", ACUTE_TRANSFER),
    "50": ("hospice", HOSPICE),
    "51": ("hospice", HOSPICE),
    "61": ("snf", SNF),
    "62": ("facility", FACILITY),
    "63": ("facility", FACILITY),
    "65": ("facility", FACILITY),
    "66": ("facility", FACILITY),
    "30": ("unknown", HOME),
    "": ("unknown", HOME),
}
CANONICAL = {
    "home": "home",
    "alt-home": "home",
    "other-hcf": "acute_transfer",
    "snf": "snf",
    "rehab": "facility",
    "long": "facility",
    "psy": "facility",
    "hosp": "hospice",
    "aadvice": "against_advice",
    "oth": "unknown",
}


@pytest.mark.parametrize(("sent", "kind", "steps"), [(k, *v) for k, v in TABLE.items()])
def test_the_disposition_as_sent_gives_the_kind(
    sent: str, kind: str, steps: dict[str, str]
) -> None:
    found = only(stay(BEGIN, END, sent=sent))
    assert (found.kind, dates(found)) == (kind, steps)
    assert found.flags == (("disposition_unknown",) if kind == "unknown" else ())


def test_every_disposition_of_the_default_protocol_is_in_the_table() -> None:
    kinds = PROTOCOLS.at(utc(END)).kinds
    listed = {code for kind in kinds.values() for code in kind.dispositions}
    assert listed - set(TABLE) == {"20", "40", "41", "42"}


@pytest.mark.parametrize(("code", "kind"), CANONICAL.items())
def test_a_code_of_the_sender_counts_by_its_canonical_code(code: str, kind: str) -> None:
    assert only(stay(BEGIN, END, sent="ZZ", canonical=code)).kind == kind


def test_codes_with_one_canonical_code_are_told_apart_as_sent() -> None:
    assert only(stay(BEGIN, END, sent="06", canonical="home")).kind == "home_health"
    assert only(stay(BEGIN, END, sent="66", canonical="other-hcf")).kind == "facility"


@pytest.mark.parametrize("sent", ["20", "40", "41", "42"])
def test_a_patient_who_died_has_no_transition(sent: str) -> None:
    assert transitions(stay(BEGIN, END, sent=sent, canonical="exp")) == []


@pytest.mark.parametrize(
    ("letter", "gives"),
    [("I", True), ("B", True), ("E", True), ("S", True), ("N", True), ("O", False), ("P", False)],
)
def test_only_stays_and_emergency_visits_have_a_transition(letter: str, *, gives: bool) -> None:
    assert bool(transitions(stay(BEGIN, END, pv12=letter))) is gives


def test_an_emergency_visit_that_ends_at_home_owes_no_step() -> None:
    found = only(stay("2026-03-02 11:00", END, pv12="E"))
    assert (found.kind, dates(found)) == ("ed_release", {})
    assert only(stay("2026-03-02 11:00", END, pv12="E", sent="")).kind == "ed_release"


@pytest.mark.parametrize(
    ("sent", "kind"), [("02", "acute_transfer"), ("07", "against_advice"), ("06", "home_health")]
)
def test_an_emergency_visit_that_ends_otherwise_has_the_kind_of_its_disposition(
    sent: str, kind: str
) -> None:
    assert only(stay("2026-03-02 11:00", END, pv12="E", sent=sent)).kind == kind


def test_a_newborn_who_goes_home_is_visited() -> None:
    found = only(stay(BEGIN, END, pv14="N"))
    assert (found.kind, dates(found)) == ("newborn", {"visit": "2026-03-05"})
    assert only(stay(BEGIN, END, pv14="N", sent="02")).kind == "acute_transfer"


# --- times ----------------------------------------------------------------------------------------


def test_business_days_leave_out_a_holiday_and_the_weekend() -> None:
    # Independence Day 2026 is a Saturday, so offices are closed on Friday, 3 July.
    found = only(stay("2026-06-29 12:00", "2026-07-02 15:00"))
    assert dates(found)["contact"] == "2026-07-07"
    assert dates(found)["information"] == "2026-07-04"


def test_a_discharge_at_ten_to_midnight_is_of_that_day() -> None:
    # 23:50 of 2 March in New York is 04:50 of 3 March in UTC.
    found = only(stay(BEGIN, "2026-03-02 23:50-05:00"))
    assert dates(found) == HOME
    later = only(stay(BEGIN, "2026-03-03 00:10-05:00"))
    assert dates(later)["contact"] == "2026-03-05"


def test_the_day_is_that_of_the_facility() -> None:
    content = CONTENT.replace("\n[zones]\n", '\n[zones]\nH1 = "Pacific/Honolulu"\n')
    protocols = Protocols.of([PublishedProtocol(None, parse_protocol(content))])
    found = only(stay(BEGIN, "2026-03-03 04:50"), protocols=protocols)
    assert (found.zone, dates(found)["contact"]) == ("Pacific/Honolulu", "2026-03-04")


def test_clocks_go_forward_between_the_discharge_and_the_call() -> None:
    found = only(stay("2026-03-03 12:00", "2026-03-07 23:50-05:00", sent="03"))
    assert step(found, "arrival").due.at == utc("2026-03-08 23:50-05:00")  # 00:50 by the clock
    home = only(stay("2026-03-03 12:00", "2026-03-07 23:50-05:00"))
    assert dates(home)["contact"] == "2026-03-10"
    assert in_time_until(step(home, "contact").due).isoformat().endswith("-04:00")
    assert home.window_ends_at == utc("2026-04-07 00:00-04:00")


def test_clocks_go_back_between_the_discharge_and_the_call() -> None:
    found = only(stay("2026-10-28 12:00", "2026-10-31 23:50-04:00", sent="03"))
    assert step(found, "arrival").due.at == utc("2026-11-01 23:50-04:00")  # 22:50 by the clock
    home = only(stay("2026-10-28 12:00", "2026-10-31 23:50-04:00"))
    assert dates(home)["contact"] == "2026-11-03"
    assert in_time_until(step(home, "contact").due).isoformat().endswith("-05:00")


def test_a_discharge_that_names_only_its_day_is_of_that_day() -> None:
    day = Moment(
        at=utc("2026-03-02 00:00-05:00"),
        until=utc("2026-03-02 23:59:59.999999-05:00"),
        precision="day",
    )
    admitted, discharge = stay(BEGIN, END)
    assert dates(only([admitted, replace(discharge, discharged=day)])) == HOME


# --- discharges that do not hold ------------------------------------------------------------------


def test_a_discharge_that_is_cancelled_gives_nothing() -> None:
    assert transitions([*stay(BEGIN, END), adt("A13", on("2026-03-02 16:00"))]) == []


def test_a_cancelled_admission_gives_nothing() -> None:
    assert transitions([*stay(BEGIN, END), adt("A11", on("2026-03-02 16:00"))]) == []


def test_a_new_end_gives_the_transition_from_the_new_instant_on() -> None:
    found = only(
        [
            *stay(BEGIN, END),
            adt("A13", on("2026-03-02 16:00")),
            adt("A03", on("2026-03-03 15:00"), disposition_sent="06"),
        ]
    )
    assert (found.kind, found.discharge_at) == ("home_health", utc("2026-03-03 15:00"))
    assert dates(found)["contact"] == "2026-03-05"


def test_a_corrected_time_moves_the_dates() -> None:
    update = adt("A08", on("2026-03-05 10:00"), pv145=on("2026-03-01 15:00"))
    found = only([*stay(BEGIN, END), update])
    assert (found.discharge_at, found.discharge_ref) == (utc("2026-03-01 15:00"), update.ref)
    assert dates(found)["contact"] == "2026-03-03"


def test_an_emergency_visit_that_a_rule_closes_gives_nothing() -> None:
    settings = ProfileSettings(close_after_hours=24)
    hanging = adt("A04", on("2026-03-01 10:00"), "ED", pv12="E", settings=settings)
    later = adt("A08", on("2026-03-09 10:00"), visit="V2", pv12="O", settings=settings)
    assert transitions([hanging, later]) == []


def test_a_discharge_of_the_backlog_gives_nothing() -> None:
    assert transitions(stay(BEGIN, END, flags=("backfill",))) == []


def test_without_a_protocol_nothing_is_owed() -> None:
    assert transitions(stay(BEGIN, END), protocols=NO_PROTOCOLS) == []


def test_the_statements_of_a_merge_give_one_transition() -> None:
    moved = [*stay(BEGIN, END, patient="p2"), adt("A40", on(END), patient="p1", merged="p2")]
    assert only([*moved]).discharge_at == utc(END)


def test_the_protocol_in_force_at_the_discharge_decides() -> None:
    changed = CONTENT.replace(
        'within = "2 bd", done_by = ["contact_made"]', 'within = "1 bd", done_by = ["contact_made"]'
    )
    protocols = Protocols.of(
        [
            PublishedProtocol(None, parse_protocol(CONTENT)),
            PublishedProtocol(utc("2026-03-03 00:00"), parse_protocol(changed)),
        ]
    )
    assert dates(only(stay(BEGIN, END), protocols=protocols)) == HOME
    after = only(stay(BEGIN, "2026-03-03 15:00"), protocols=protocols)
    assert dates(after)["contact"] == "2026-03-04"
