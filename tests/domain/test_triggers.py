"""One table of triggers: every row is whole, and rows agree."""

import re
from collections import Counter
from dataclasses import MISSING, fields
from importlib.resources import files
from typing import get_args

import pytest

from domain.catalogue import STATEMENT_TOPICS
from domain.triggers import TRIGGERS, Kind, Trigger, trigger_of

ROWS = list(TRIGGERS.values())


def test_a_row_must_state_every_property() -> None:
    assert [each.name for each in fields(Trigger) if each.default is not MISSING] == []
    assert [each.name for each in fields(Trigger) if each.default_factory is not MISSING] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_a_row_has_its_words_and_its_topic(row: Trigger) -> None:
    assert re.fullmatch(r"A\d\d", row.code)
    assert re.fullmatch(r"[A-Z].+\.", row.meaning)
    assert re.fullmatch(r"(encounter|patient)\.[a-z_]+\.v\d+", row.topic)
    assert re.fullmatch(r"[a-z_]+", row.name)
    assert re.fullmatch(r"[A-Z][a-z ]+", row.head)


def test_every_kind_has_a_row_and_unknown_triggers_have_the_kind_other() -> None:
    assert {row.kind for row in ROWS} == set(get_args(Kind)) - {"other"}
    assert trigger_of("A99").kind == "other"
    assert trigger_of("A99") not in ROWS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_a_cancel_and_no_other_row_voids_statements_of_one_kind(row: Trigger) -> None:
    voided = {trigger_of(code).kind for code in row.voids}
    assert voided <= {"plan", "beginning", "move", "end"}
    assert len(voided) == (row.kind == "cancel")
    assert voided == ({row.cancels} if row.cancels else set())


def test_no_two_cancels_void_one_trigger() -> None:
    voided = Counter(code for row in ROWS for code in row.voids)
    assert set(voided.values()) == {1}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_the_times_and_the_location_suit_the_kind(row: Trigger) -> None:
    assert (row.admit_time == "own") == (row.kind == "beginning")
    assert (row.admit_time == "planned") == (row.kind == "plan") == row.may_be_future
    assert (row.discharge_time == "own") == (row.kind == "end")
    assert (row.location == "current") == (row.kind in {"beginning", "move"})
    assert row.kind == "cancel" or row.location != "restored"
    assert row.patient_becomes is None or row.kind in {"beginning", "move"}
    assert row.kind != "beginning" or row.patient_becomes is not None


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_what_is_read_suits_the_kind(row: Trigger) -> None:
    assert row.reads_visit == (row.kind not in {"merge", "person"})
    assert row.topic.startswith("encounter." if row.reads_visit else "patient.")
    assert row.opens_visit <= row.reads_visit


def test_the_topics_are_those_of_the_rows() -> None:
    assert dict(STATEMENT_TOPICS) == {row.code: row.topic for row in ROWS}


def test_triggers_of_one_topic_are_one_thing_to_a_reader() -> None:
    for row in ROWS:
        for other in ROWS:
            if row.topic == other.topic:
                assert (row.name, row.head, row.kind) == (other.name, other.head, other.kind)


def test_every_icon_is_drawn() -> None:
    drawn = files("caretrail.web").joinpath("templates/base.html").read_text("utf-8")
    assert [row.code for row in ROWS if f'id="i-{row.icon}"' not in drawn] == []
