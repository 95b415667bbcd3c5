"""Generated worlds: ADT that another library reads, about people who do not exist."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count, pairwise
from pathlib import Path
from typing import get_args, get_type_hints

import hl7
import pytest

from caretrail.demo_care.stories import STORIES
from caretrail.generate import (
    SentMessage,
    World,
    demo_week,
    generate,
    names,
    profiles_toml,
    truth_json,
    write,
)
from caretrail.generate.compare import statements
from caretrail.generate.demo import DemoWeek
from caretrail.generate.hospital import SenderHabits
from caretrail.generate.region import region
from consumers.hl7v2.files import split
from consumers.hl7v2.profiles import parse
from consumers.hl7v2.translate import ReadingContext, read
from domain.ids import DEVELOPMENT_KEY, IdKey
from domain.triggers import TRIGGERS

START = datetime(2026, 3, 2, 6, tzinfo=UTC)


def world(seed: int = 7, facilities: int = 16) -> World:
    return generate(seed, 3, start=START, facilities=facilities, trouble=0.6)


@cache
def drawn_world(facilities: int = 16) -> tuple[World, tuple[SentMessage, ...]]:
    """Return a world with its messages, drawn once for all tests that only read it."""
    drawn = world(facilities=facilities)
    return drawn, tuple(drawn.messages)


@cache
def drawn_week() -> tuple[DemoWeek, tuple[SentMessage, ...]]:
    """Return the week of the demo with its messages, drawn once."""
    week = demo_week()
    return week, tuple(week.messages)


def charset(data: bytes) -> str:
    return "utf-8" if b"UNICODE UTF-8" in data else "latin-1"


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    one, same, other = (list(world(seed).messages) for seed in (7, 7, 8))
    assert one == same
    assert {sent.data for sent in one}.isdisjoint({sent.data for sent in other})


def test_messages_are_drawn_in_order_of_sending() -> None:
    times = [sent.at for sent in drawn_world()[1]]
    assert all(one <= other for one, other in pairwise(times))
    assert times[0] >= START


def test_python_hl7_reads_every_message() -> None:
    for sent in drawn_week()[1]:
        message = hl7.parse(sent.data.decode(charset(sent.data)))
        assert str(message.segment("MSH")[4]) == sent.sender
        assert str(message.segment("MSH")[9]).startswith("ADT^A")
        assert str(message.segment("EVN")[1]) == str(message.segment("MSH")[9])[4:7]
        assert str(message.segment("PID")[5])


def test_every_name_of_a_patient_is_on_the_lists() -> None:
    for sent in drawn_world()[1]:
        _, pid = sent.data.decode(charset(sent.data)).split("\rPID|")
        family, given, *_ = pid.split("|")[4].split("^")
        assert family in names.FAMILIES
        assert given in names.WOMEN + names.MEN


def test_no_two_facilities_give_out_the_same_number() -> None:
    records: dict[str, set[str]] = {}
    for patient in drawn_world(facilities=30)[0].truth.patients:
        for record in patient.records:
            records.setdefault(record.identifier, set()).add(record.authority)
    assert len(records) > 100
    assert all(len(authorities) == 1 for authorities in records.values())


def test_a_record_belongs_to_one_person() -> None:
    people: dict[str, int] = {}
    for patient in drawn_world()[0].truth.patients:
        for record in patient.records:
            assert people.setdefault(record.identifier, patient.person) == patient.person


def test_every_habit_occurs_in_a_large_region() -> None:
    habits = [each.habits for each in region(1, 60)]
    assert {(each.cancels, each.occurred) for each in habits} >= {
        ("names", True), ("own", True), ("none", True), ("none", False),
    }  # fmt: skip
    for name, kind in get_type_hints(SenderHabits).items():
        for value in get_args(kind) or ((True, False) if kind is bool else ()):
            assert any(getattr(each, name) == value for each in habits), (name, value)


def test_senders_with_numbers_write_them_in_every_message_about_a_visit() -> None:
    numbered = generate(3, 2, start=START, facilities=20, numbered_only=True)
    for statement in statements(numbered):
        assert statement.visit is not None or not TRIGGERS[statement.trigger].reads_visit


def test_every_sender_has_a_profile_that_intake_chooses() -> None:
    drawn, _ = drawn_world()
    profiles = parse(profiles_toml(drawn))
    for facility in drawn.facilities:
        chosen = profiles.choose(application=facility.application, facility=facility.code)
        assert chosen.configured
        assert chosen.name == facility.code


def test_the_files_hold_every_message_and_the_profiles(tmp_path: Path) -> None:
    written = write(demo_week(), tmp_path)
    found = [
        message for path in sorted(tmp_path.glob("*.hl7")) for message in split(path.read_bytes())
    ]
    assert written == len(found)
    assert {each.strip() for each in found} == {sent.data.strip() for sent in drawn_week()[1]}
    assert (tmp_path / "profiles.toml").read_text("utf-8") == profiles_toml(drawn_week()[0])


def test_the_same_seed_gives_the_same_truth() -> None:
    assert truth_json(_drawn(world())) == truth_json(_drawn(world()))


def test_the_patients_of_all_stories_are_in_the_demo() -> None:
    week, _ = drawn_week()
    known = {
        (record.authority, record.identifier)
        for patient in week.truth.patients
        for record in patient.records
    }
    assert len(week.interesting) == 20
    assert {each.title for each in week.continued} == set(STORIES)
    assert {(each.authority, each.identifier) for each in week.interesting} <= known
    assert {each.facility for each in week.truth.census()} >= {"NGH", "SBH", "HRC", "MCN", "WVH"}


def test_the_demo_has_a_quarantined_message_duplicates_a_reused_control_id_and_test_messages() -> (
    None
):
    ids = count()
    week, messages = drawn_week()
    context = ReadingContext(
        id_key=IdKey(DEVELOPMENT_KEY),
        profiles=parse(profiles_toml(week)),
        new_id=lambda: str(next(ids)),
    )
    received = [read(sent.data, context=context) for sent in messages]
    reasons = Counter(each.reason for each in received if not each.drafts)
    assert reasons == {"no_patient_identifier": 1}
    keys = {(each.pair_key, each.key) for each in received}
    assert len(keys) < len(received)  # some are sent twice
    assert len({pair for pair, _ in keys}) == len(keys) - 1  # two messages have one control id
    modes = Counter(draft.core.mode for each in received for draft in each.drafts)
    assert modes["T"] > 0
    assert modes["P"] > 1_500


def test_the_messages_of_the_demo_are_in_the_order_of_sending() -> None:
    _, messages = drawn_week()
    assert all(one.at <= other.at for one, other in pairwise(messages))


def test_every_message_of_the_demo_is_sent_before_its_now() -> None:
    week, messages = drawn_week()
    assert max(sent.at for sent in messages) < week.now


@pytest.mark.parametrize("seed", [1, 2])
def test_the_demo_is_a_week_of_moderate_size(seed: int) -> None:
    messages = list(demo_week(seed).messages)
    assert 1_500 <= len(messages) <= 3_000
    assert messages[-1].at - messages[0].at < timedelta(days=25)  # the stories begin before it


def _drawn(drawn: World) -> World:
    for _ in drawn.messages:
        pass
    return drawn
