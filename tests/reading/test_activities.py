"""A patient's referrals on the timeline: as of one instant, as known at another, in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx
import pytest

from caretrail.reading.activities import Activities
from caretrail.reading.contract import timeline_json
from caretrail.reading.members import Json
from caretrail.reading.one_stream import read_stream
from commands.referral.close import VoidReferralEvent
from domain.ids import RecordId, StreamId
from domain.statement import Moment
from infra.clock import new_id
from tests import servers
from tests.facts import knowing_nothing
from tests.pages import pages_app
from tests.referral_samples import accept, caller, close, request
from tests.region import Voice
from tests.serving import serving
from tests.signed_in import sessions_of, sign_in
from tests.stories.installation import Installation, installation

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 2, 20, 12, tzinfo=UTC)
NGH = Voice("NGH", "1", "Alder^Rowena", "19510602", "F")
SBH = Voice("SBH", "7", "Alder^Rowena", "19510602", "F")


def at(clock: str) -> datetime:
    """Return an instant of February 2026, written as ``17 12:00``."""
    return datetime.strptime(f"2026-02-{clock}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def moment(clock: str) -> Moment:
    return Moment(at=at(clock))


@dataclass
class Told:
    """An installation, the record of its patient, and the referral."""

    where: Installation
    record: RecordId
    stream: StreamId

    def activities(self, **instants: Any) -> Activities:
        reading = self.where.reader.patient("NGH|1", **instants)
        assert reading is not None
        return reading.activities

    def referrals(self, **instants: Any) -> tuple[Json, ...]:
        return self.activities(**instants).streams["referral"]

    def state(self, **instants: Any) -> list[str]:
        return [each["state"] for each in self.referrals(**instants)]

    def kinds(self, **instants: Any) -> list[str]:
        return [each.words.kind for each in self.activities(**instants).entries]


@pytest.fixture(scope="module")
def told(
    server: str, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Told]:
    """Tell of a referral; the comments are the indexes. The first is the default protocol."""
    database = servers.create_database(server, f"activities_{token_hex(4)}", template_database)
    with installation(database, tmp_path_factory.mktemp("home")) as where:
        yield tell(where)


def tell(where: Installation) -> Told:
    application = where.application
    decisions = knowing_nothing(application.store.streams, now=lambda: NOW)
    where.hear(
        [
            NGH.say("A01", "02-16 10:45", place="4W-10", visit="V1", admitted="02-16 10:45"),  # 2
            NGH.say("A02", "02-17 09:00", place="4W-12", visit="V1"),  # 3
        ]
    )
    record = application.id_key.record("NGH", "1", "P")
    reading = where.reader.patient("NGH|1")
    assert reading is not None
    (transfer,) = [ref for ref, one in reading.filed.items() if one.statement.trigger == "A02"]
    asked = request(record=record, anchor=transfer, happened_at=moment("17 18:00"))
    stream = asked.stream
    decisions.record(asked, caller())  # 4
    accepted = decisions.record(accept(stream, happened_at=moment("18 09:00")), caller())  # 5
    decisions.record(
        VoidReferralEvent(
            stream=stream,
            event_id=accepted.events[0].event_id,
            reason_code="wrong_item",
            happened_at=moment("19 08:00"),
        ),
        caller(),
    )  # 6
    decisions.record(
        accept(stream, by={"organisation": "LUNG"}, happened_at=moment("17 20:00")), caller()
    )  # 7
    application.read_models.catch_up()
    return Told(where, record, stream)


def test_the_referral_is_as_far_as_its_entries_say(told: Told) -> None:
    (referral,) = told.referrals()
    assert (referral["stream_id"], referral["state"]) == (told.stream, "accepted")
    assert referral["accepted_at"] == "2026-02-17T20:00:00Z"
    assert referral["flags"] == ["has_void_events"]


def test_entries_are_in_the_order_in_which_they_happened(told: Told) -> None:
    entries = told.activities().entries
    assert [each.happened_at for each in entries] == [
        at("17 18:00"),
        at("17 20:00"),
        at("18 09:00"),
        at("19 08:00"),
    ]
    assert [each.words.summary for each in entries] == [
        "Referral requested from GENERAL, dr-ward to HEART, triage, routine.",
        "Referral accepted by LUNG.",
        "Referral accepted by HEART, triage.",
        "Referral entry marked as an error accepted, wrong item.",
    ]


def test_an_entry_in_error_is_marked_and_a_late_entry_says_how_late(told: Told) -> None:
    _, late, void, mark = told.activities().entries
    assert void.voided_by == mark.event_id
    assert (late.voided_by, mark.voided_by) == (None, None)
    assert late.late is not None
    assert late.late == late.recorded_at - at("17 20:00")


def test_as_of_shows_what_had_happened_by_then(told: Told) -> None:
    assert told.state(as_of=at("17 17:00")) == []
    assert told.state(as_of=at("17 19:00")) == ["requested"]
    assert told.kinds(as_of=at("17 19:00")) == ["requested"]
    assert told.state(as_of=at("18 10:00")) == ["accepted"]
    assert told.kinds(as_of=at("18 10:00")) == ["requested", "accepted", "accepted"]


@pytest.mark.parametrize(
    ("index", "states", "kinds"),
    [
        (3, [], []),
        (4, ["requested"], ["requested"]),
        (5, ["accepted"], ["requested", "accepted"]),
        (6, ["requested"], ["requested", "accepted", "entered_in_error"]),
        (7, ["accepted"], ["requested", "accepted", "accepted", "entered_in_error"]),
    ],
)
def test_known_at_shows_what_was_recorded_by_then(
    told: Told, index: int, states: list[str], kinds: list[str]
) -> None:
    assert told.state(known_at=index) == states
    assert told.kinds(known_at=index) == kinds


def test_an_entry_that_was_void_later_counts_at_an_earlier_known_at(told: Told) -> None:
    accepted = told.activities(known_at=5).entries[1]
    assert accepted.voided_by is None


def test_an_error_mark_of_a_later_day_counts_in_every_as_of(told: Told) -> None:
    (void,) = [e for e in told.activities(as_of=at("18 10:00")).entries if e.voided_by]
    assert void.happened_at == at("18 09:00")


def test_the_entry_that_names_a_statement_belongs_to_its_encounter(told: Told) -> None:
    reading = told.where.reader.patient("NGH|1")
    assert reading is not None
    (encounter,) = reading.patient.encounters
    asked, *others = reading.activities.entries
    assert asked.encounter_id == encounter.encounter_id
    assert {each.encounter_id for each in others} == {None}
    assert told.referrals()[0]["encounter_id"] == encounter.encounter_id


def test_the_id_of_a_referral_or_of_its_event_finds_the_patient(told: Told) -> None:
    for opaque in (told.stream, *(each.event_id for each in told.activities().entries)):
        assert told.where.reader.resolve(opaque) == str(told.record)


def test_the_json_has_activities_as_entries_and_by_stream(told: Told) -> None:
    reading = told.where.reader.patient("NGH|1")
    assert reading is not None
    shown = timeline_json(reading)
    assert [each["kind"] for each in shown["entries"]] == [
        "admitted", "transferred", "requested", "accepted", "accepted", "entered_in_error",
    ]  # fmt: skip
    assert {tuple(each) for each in shown["entries"]} == {tuple(shown["entries"][0])}
    streams = [(each["stream"], each["stream_id"]) for each in shown["entries"]]
    assert streams == [(None, None)] * 2 + [("referral", told.stream)] * 4
    (referral,) = shown["activities"]["referral"]
    assert (referral["stream_id"], referral["state"]) == (told.stream, "accepted")


def test_a_referral_is_read_alone(told: Told) -> None:
    with told.where.reader.connection() as connection:
        found = read_stream(connection, told.stream)
        unknown = read_stream(connection, StreamId(new_id()))
    assert unknown is None
    assert found is not None
    assert found.kind == "referral"
    assert (found.members["state"], found.members["version"]) == ("accepted", 4)
    assert [each.words.kind for each in found.entries] == [
        "requested", "accepted", "accepted", "entered_in_error",
    ]  # fmt: skip
    assert found.entries == told.activities().entries
    assert found.members == told.activities().streams["referral"][0]


def test_the_rebuilt_read_models_are_equal_to_the_live_ones(told: Told) -> None:
    before = told.where.digests()
    assert before["referral_loop"][0] == 1
    application = told.where.application
    with application.connect() as connection:
        application.read_models.rebuild(connection, [], application.store.max_index())
    assert told.where.digests() == before
    assert told.state() == ["accepted"]


# --- with more events, each in a database of its own ---------------------------------------------


@pytest.fixture
def alone(database: str, tmp_path: Path) -> Iterator[Told]:
    with installation(database, tmp_path) as where:
        yield tell(where)


def test_a_referral_of_a_merged_record_is_on_the_timeline_of_the_survivor(alone: Told) -> None:
    where = alone.where
    other = Voice("NGH", "2", "Alder^Rowena", "19510602", "F")
    where.hear([other.say("A40", "02-19 10:00", retired="1")])
    survivor = where.reader.patient("NGH|2")
    assert survivor is not None
    assert str(survivor.patient.patient_id) != alone.record
    (referral,) = survivor.activities.streams["referral"]
    assert (referral["state"], referral["record_id"]) == ("accepted", alone.record)
    assert referral["patient_id"] == survivor.patient.patient_id
    assert len(survivor.activities.entries) == 4
    before = where.reader.patient("NGH|1", known_at=7)
    assert before is not None
    assert str(before.patient.patient_id) == alone.record
    assert len(before.activities.entries) == 4


def test_a_referral_of_an_unknown_record_is_shown_when_the_record_appears(alone: Told) -> None:
    where = alone.where
    application = where.application
    record = application.id_key.record("SBH", "7", "P")
    decisions = knowing_nothing(application.store.streams, now=lambda: NOW)
    outcome = decisions.record(request(record=record, happened_at=moment("16 09:00")), caller())
    application.read_models.catch_up()
    assert where.reader.patient("SBH|7") is None
    with where.reader.connection() as connection:
        assert read_stream(connection, outcome.stream) is not None
    where.hear([SBH.say("A01", "02-18 10:00", place="6S-1", visit="S1", admitted="02-18 10:00")])
    reading = where.reader.patient("SBH|7")
    assert reading is not None
    assert [each["stream_id"] for each in reading.activities.streams["referral"]] == [
        outcome.stream
    ]


def test_a_referral_does_not_show_on_the_timeline_of_another_patient(alone: Told) -> None:
    where = alone.where
    where.hear([SBH.say("A01", "02-18 10:00", place="6S-1", visit="S1", admitted="02-18 10:00")])
    reading = where.reader.patient("SBH|7")
    assert reading is not None
    assert reading.activities == Activities()


def test_a_closed_referral_says_how_it_ended(alone: Told) -> None:
    decisions = knowing_nothing(alone.where.application.store.streams, now=lambda: NOW)
    decisions.record(
        close(alone.stream, need_met="partly", plan_told_to_patient_on="2026-02-20"), caller()
    )
    alone.where.application.read_models.catch_up()
    assert [each.words.summary for each in alone.activities().entries[-2:]] == [
        "Referral outcome received by fax.",
        "Referral closed by GENERAL, dr-ward, need met: partly, patient told on 2026-02-20.",
    ]


def test_the_page_shows_the_entries_and_the_events_behind_them(told: Told) -> None:
    app = pages_app(told.where.reader, now=lambda: NOW, new_id=new_id)
    entries = told.activities().entries
    with serving(app) as address, httpx.Client(base_url=address, trust_env=False) as client:
        sign_in(client, sessions_of(told.where.reader))
        page = client.get(f"/ui/patients/{told.record}").text
        event = client.get(f"/ui/events/{entries[0].event_id}").text
    assert page.count("<b>Referral requested</b>") == 1
    assert page.count("<b>Referral accepted</b>") == 2
    assert "Entered in error:" in page
    for each in entries:
        assert f'href="/ui/events/{each.event_id}"' in page
    assert f'href="/ui/patients/{told.record}"' in event
    assert "referral.requested.v1" in event
    assert "pacemaker" not in page + event
