"""Stories asked about an instant, as known at another: what had happened, what had been learned."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from caretrail.reading.contract import census_json, timeline_json
from caretrail.reading.patient import PatientReading
from tests.stories.installation import Installation, installation
from tests.stories.telling import AFTERWARDS, Json, Names, Story, record, stories

pytestmark = pytest.mark.postgres

_STORIES = {story.name[:2]: story for story in stories()}


def _at(text: str) -> datetime:
    """Return an instant of March 2026: day, hour, minute."""
    return datetime.strptime(f"2026-03-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def _tell(where: Installation, story: Story, arriving: Sequence[str]) -> dict[str, int]:
    """Tell the messages in this order, one by one; return the index of each."""
    return {each: where.hear([story.sent(each)])[0].last_index for each in arriving}


def _asked(where: Installation, story: Story, **clocks: Any) -> Json:
    reading = where.reader.patient(story.people[0], **clocks)
    assert reading
    return Names([story]).timeline(reading)


def _places(timeline: Json) -> list[tuple[str, str | None, str | None]]:
    """Return bed, from and until, in short."""
    (encounter,) = timeline["encounters"]
    return [
        (
            f"{each['unit']}-{each['room']}-{each['bed']}",
            _short(each["from"]),
            _short(each["until"]),
        )
        for each in encounter["locations"]
    ]


def _short(text: str | None) -> str | None:
    return text[8:16].replace("T", " ") if text else None


def _beds(where: Installation, **clocks: Any) -> list[str]:
    rows = census_json(where.reader.census.read(now=AFTERWARDS, **clocks))
    return [f"{row['unit']}-{row['room']}-{row['bed']}" for row in rows]


def test_a_transfer_learned_late_was_true_before_it_was_known(
    database: str, tmp_path: Path
) -> None:
    story = _STORIES["01"]
    with installation(database, tmp_path) as where:
        index = _tell(where, story, ["0101", "0102", "0104", "0105", "0103"])
        before, between = index["0105"], _at("03 12:00")

        assert _places(_asked(where, story, known_at=before)) == [
            ("4W-10-A", "02 10:00", "04 09:15"),
            ("4W-12-B", "04 09:15", "06 13:20"),
        ]
        assert _asked(where, story) == story.timelines[0]
        assert _places(_asked(where, story, as_of=between, known_at=before)) == [
            ("4W-10-A", "02 10:00", None)
        ]
        assert _beds(where, as_of=between, known_at=before) == ["4W-10-A"]
        assert _beds(where, as_of=between) == ["ICU-3-1"]


def test_between_two_transfers_the_patient_is_in_the_bed_of_the_first(
    database: str, tmp_path: Path
) -> None:
    story = _STORIES["01"]
    with installation(database, tmp_path) as where:
        where.hear(story.messages)
        timeline = _asked(where, story, as_of=_at("03 12:00"))

        assert timeline["as_of"] == "2026-03-03T12:00:00Z"
        (encounter,) = timeline["encounters"]
        assert (encounter["status"], encounter["started_at"]) == (
            "in-progress",
            "2026-03-02T10:00:00Z",
        )
        assert (encounter["ended_at"], encounter["ended_inferred"]) == (None, False)
        assert encounter["disposition"] is None
        assert _places(timeline) == [
            ("4W-10-A", "02 10:00", "02 18:00"),
            ("ICU-3-1", "02 18:00", None),
        ]
        assert [entry["event_id"] for entry in timeline["entries"]] == ["0101", "0102", "0103"]

        assert _beds(where, as_of=_at("02 09:59")) == []
        assert _beds(where, as_of=_at("02 17:59")) == ["4W-10-A"]
        assert _beds(where, as_of=_at("02 18:00")) == ["ICU-3-1"]
        assert _beds(where, as_of=_at("04 09:15")) == ["4W-12-B"]
        assert _beds(where, as_of=_at("06 13:20")) == []


def test_a_discharge_before_its_admission_has_a_beginning_once_that_is_known(
    database: str, tmp_path: Path
) -> None:
    story = _STORIES["02"]
    with installation(database, tmp_path) as where:
        index = _tell(where, story, ["0201", "0202"])
        noon = _at("02 12:00")

        (alone,) = _asked(where, story, known_at=index["0201"])["encounters"]
        assert (alone["status"], alone["started_at"], alone["started_inferred"]) == (
            "finished",
            None,
            True,
        )
        assert (alone["ended_at"], alone["ended_inferred"]) == ("2026-03-02T13:15:00Z", False)
        assert _asked(where, story, as_of=noon, known_at=index["0201"])["encounters"] == []
        then = _asked(where, story, as_of=noon)
        assert then["encounters"][0]["status"] == "in-progress"
        assert _places(then) == [("5E-21-A", "02 10:00", None)]
        assert [entry["event_id"] for entry in then["entries"]] == ["0202"]


def test_a_discharge_taken_back_was_never_true_but_had_been_believed(
    database: str, tmp_path: Path
) -> None:
    story = _STORIES["06"]
    with installation(database, tmp_path) as where:
        index = _tell(where, story, ["0601", "0602", "0603"])
        meanwhile = _at("04 11:50")

        believed = _asked(where, story, known_at=index["0602"])["encounters"][0]
        assert (believed["status"], believed["ended_at"], believed["disposition"]) == (
            "finished",
            "2026-03-04T11:40:00Z",
            "home",
        )
        assert _beds(where, as_of=meanwhile, known_at=index["0602"]) == []
        assert _beds(where, as_of=meanwhile) == ["4W-10-A"]
        assert _beds(where, as_of=_at("04 11:58")) == ["4W-12-B"]
        assert _places(_asked(where, story, as_of=meanwhile)) == [("4W-10-A", "02 10:00", None)]


def test_a_merge_counts_for_all_time_once_it_is_known(database: str, tmp_path: Path) -> None:
    story = _STORIES["11"]
    with installation(database, tmp_path) as where:
        index = _tell(where, story, ["1101", "1102", "1103", "1104", "1105", "1106"])
        yesterday = _at("03 13:00")  # the merge is of the day after
        before = index["1104"] - 1

        apart = where.reader.patient("NORTH|101", known_at=before)
        joined = where.reader.patient("NORTH|101", as_of=yesterday)

        assert apart
        assert joined
        assert apart.patient.patient_id == record("NORTH|101")
        assert joined.patient.patient_id == record("SOUTH|202")
        assert _visits(apart) == _visits(joined) == ["V5001"]
        assert _asked(where, story, known_at=before)["encounters"] == [
            {**story.timelines[0]["encounters"][1], "status": "in-progress"}
            | {"ended_at": None, "ended_precision": None, "disposition": None}
            | {
                "locations": [
                    {**story.timelines[0]["encounters"][1]["locations"][0]}
                    | {"until": None, "until_precision": None}
                ]
            }
        ]


def _visits(reading: PatientReading) -> list[str]:
    return [reading.visits[each.visit] for each in reading.patient.encounters if each.visit]


def test_a_past_answer_never_changes(database: str, tmp_path: Path) -> None:
    random = Random(7)
    rest = [(story, message) for story in stories() for message in story.messages]
    random.shuffle(rest)
    answers: dict[int, dict[str, Json]] = {}
    beds: dict[int, list[Json]] = {}
    with installation(database, tmp_path) as where:
        while rest:  # up to five messages at once: some that belong together, and some that do not
            size = random.randint(1, 5)
            told, rest = rest[:size], rest[size:]
            index = where.hear([message for _, message in told])[-1].last_index
            people = {
                person
                for story, _ in told
                for person in (*story.people, *(["NORTH|101"] if "merge" in story.name else ()))
            }
            answers[index] = {each: said for each in people if (said := _answer(where, each))}
            beds[index] = census_json(where.reader.census.read(now=AFTERWARDS))

        for index, answered in answers.items():
            again = {each: _answer(where, each, known_at=index) for each in answered}
            assert again == answered
            census = where.reader.census.read(now=AFTERWARDS, known_at=index)
            assert census_json(census) == beds[index]
        assert len(answers) == len(beds) > 10


def _answer(where: Installation, person: str, **clocks: Any) -> Json | None:
    reading = where.reader.patient(person, **clocks)
    return timeline_json(reading) if reading else None
