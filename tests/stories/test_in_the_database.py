"""All named stories at once, the whole way: messages in batches, PostgreSQL, read models, answers.

They are told three times: once as sent; and twice, in different orders, with messages repeated and
sent again.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from random import Random
from secrets import token_hex

import pytest

from caretrail.reading.census_page import past_page
from projections.catalogue import PROJECTIONS
from projections.census_list import CensusFilter
from projections.engine.projection import ByCourse
from projections.rebuilding import filling
from tests import servers
from tests.stories.installation import Installation, installation
from tests.stories.telling import AFTERWARDS, Json, Story, record, sent_again_later, stories

pytestmark = pytest.mark.postgres

_AGAIN = 2  # messages of each story are sent again, with a new MSH-7 and MSH-10
_REPEATED = 30  # messages come twice, to the byte
_TIMES = {"started_at", "ended_at", "planned_for", "from", "until", "happened_at"}
_OF_ENCOUNTERS = (
    "encounter_id", "facility", "class", "class_as_sent", "status", "started_at",
    "started_inferred", "ended_at", "ended_inferred", "planned_for", "disposition", "cancelled",
    "flags",
)  # fmt: skip
_ENCOUNTERS = """
select said.control_id, it.facility, it.class_code, it.class_as_sent, it.status, it.started_at,
    it.is_start_inferred, it.ended_at, it.is_end_inferred, it.planned_for_at, it.disposition_code,
    it.is_cancelled, it.flags
from care.encounter as it
join care.entry as said on said.statement_ref = it.encounter_id
where it.patient_id = %s
order by it.ordinal
"""
_OF_STAYS = (
    "event_id", "facility", "unit", "room", "bed", "building", "floor", "class", "from", "until",
    "cancelled", "flags",
)  # fmt: skip
_STAYS = """
select said.control_id, it.facility, it.unit, it.room, it.bed, it.building, it.floor,
    it.class_code, it.started_at, it.ended_at, it.is_cancelled, it.flags
from care.stay as it
join care.encounter as encounter using (encounter_id)
join care.entry as said on said.statement_ref = it.statement_ref
where it.patient_id = %s
order by encounter.ordinal, it.ordinal
"""
_OF_ENTRIES = (
    "event_id", "trigger", "happened_at", "encounter_id", "inferred", "voided", "voided_by",
    "superseded_by", "flags",
)  # fmt: skip
_ENTRIES = """
select it.control_id, it.trigger_code, it.happened_at, first.control_id, it.is_inferred,
    it.is_voided, cancel.control_id, instead.control_id, it.flags
from care.entry as it
left join care.entry as first on first.statement_ref = it.encounter_id
left join care.entry as cancel on cancel.statement_ref = it.voided_by_ref
left join care.entry as instead on instead.statement_ref = it.superseded_by_ref
where it.patient_id = %s
order by it.ordinal
"""


@dataclass(frozen=True)
class Told:
    """An installation that has heard all stories, and what became of the messages."""

    where: Installation
    messages: list[bytes]
    became: Counter[str]


def _tellings() -> dict[str, list[list[bytes]]]:
    """Return what is told by name: batches of messages."""
    random = Random(12)
    as_sent = [message for story in stories() for message in story.messages]
    again = [
        message
        for story in stories()
        for message in sent_again_later(story.messages, random, some=_AGAIN)
    ]
    backwards = [*reversed(as_sent), *again]
    mixed = random.sample(backwards, len(backwards))
    return {
        "as sent": _batches(as_sent, random),
        "backwards": _batches(_repeating(backwards, random), random),
        "mixed": _batches(_repeating(mixed, random), random),
    }


def _repeating(messages: list[bytes], random: Random) -> list[bytes]:
    told = list(messages)
    for message in random.choices(messages, k=_REPEATED):
        told.insert(random.randint(0, len(told)), message)
    return told


def _batches(messages: Sequence[bytes], random: Random) -> list[list[bytes]]:
    """Cut into batches of one to seven messages, as they share commits when many arrive."""
    rest = list(messages)
    batches = []
    while rest:
        size = random.randint(1, 7)
        batches.append(rest[:size])
        rest = rest[size:]
    return batches


@pytest.fixture(scope="session")
def tellings(
    server: str, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Told]]:
    made: dict[str, Told] = {}
    databases: list[str] = []
    with ExitStack() as stack:
        for name, batches in _tellings().items():
            databases.append(f"stories_{token_hex(6)}")
            stack.callback(servers.drop_database, server, databases[-1])
            database = servers.create_database(server, databases[-1], template_database)
            where = stack.enter_context(installation(database, tmp_path_factory.mktemp("home")))
            became = Counter(
                outcome.disposition.value for batch in batches for outcome in where.hear(batch)
            )
            made[name] = Told(where, [each for batch in batches for each in batch], became)
        yield made


@pytest.fixture(params=list(_tellings()))
def told(request: pytest.FixtureRequest, tellings: dict[str, Told]) -> Told:
    return tellings[request.param]


@pytest.mark.parametrize("story", stories(), ids=lambda story: story.name)
def test_a_story_told_to_the_database_gives_its_timeline(told: Told, story: Story) -> None:
    assert told.where.timelines(story) == list(story.timelines)


@pytest.mark.parametrize("story", stories(), ids=lambda story: story.name)
def test_the_views_of_analysts_say_what_the_timeline_says(told: Told, story: Story) -> None:
    with told.where.application.connect() as connection:
        for timeline in story.timelines:
            patient = [record(timeline["patient_id"])]
            encounters = [_row(each, _OF_ENCOUNTERS) for each in timeline["encounters"]]
            stays = [
                _row(stay, _OF_STAYS)
                for each in timeline["encounters"]
                for stay in each["locations"]
            ]
            entries = [_row(each, _OF_ENTRIES) for each in timeline["entries"]]

            assert connection.execute(_ENCOUNTERS, patient).fetchall() == encounters
            assert connection.execute(_STAYS, patient).fetchall() == stays
            found = connection.execute(_ENTRIES, patient).fetchall()
            assert [row for row in found if row[0] in {entry[0] for entry in entries}] == entries


def _row(said: Json, keys: Sequence[str]) -> tuple[object, ...]:
    """Return these values as a database gives them."""
    return tuple(_value(key, said[key]) for key in keys)


def _value(key: str, value: object) -> object:
    if key in _TIMES and isinstance(value, str):
        return datetime.fromisoformat(value)
    return "" if key == "disposition" and value is None else value


def test_the_census_holds_the_beds_of_all_stories_and_no_other(told: Told) -> None:
    census = told.where.census()

    for story in stories():
        sent = {row["encounter_id"][:2] for row in story.census}
        assert [row for row in census if row["encounter_id"][:2] in sent] == list(story.census)
    assert len(census) == sum(len(story.census) for story in stories())


def test_a_page_of_the_census_tells_what_the_whole_census_tells(told: Told) -> None:
    reader = told.where.reader
    whole = reader.census.read(now=AFTERWARDS)
    facilities = sorted({one.facility for one in whole.occupied})
    kinds = set[str]()
    for facility in ("", *facilities):
        wanted = CensusFilter(facility=facility)
        page = reader.census.page(wanted, now=AFTERWARDS)
        expected = past_page(whole, wanted)
        assert page.occupied == expected.occupied
        assert page.facilities == expected.facilities
        assert page.alike == expected.alike
        assert page.to_check == expected.to_check
        kinds |= {each.kind for each in page.to_check}
    assert kinds == {each.kind for each in whole.disagreements}


def test_every_message_told_is_recorded_once(told: Told) -> None:
    distinct = len(set(told.messages))

    assert told.became == Counter(recorded=distinct, duplicate=len(told.messages) - distinct)
    # The first event of a store is its default protocol.
    assert told.where.application.store.max_index() == 1 + distinct


def test_two_orders_of_the_same_messages_leave_the_same_content(tellings: dict[str, Told]) -> None:
    backwards, mixed = tellings["backwards"].where, tellings["mixed"].where

    assert backwards.digests() == mixed.digests()
    filled = {name for name, (rows, _) in mixed.digests().items() if rows}
    of_statements = {each.name for each in PROJECTIONS if not isinstance(each.fold, ByCourse)}
    # The messages of the stories name no practitioners.
    assert filled >= of_statements - {"care_team_stated"}


@pytest.mark.parametrize("name", ["timeline", "last_seen"])
def test_a_rebuild_from_the_store_by_several_processes_leaves_the_same_content(
    tellings: dict[str, Told], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    where = tellings["mixed"].where
    before = where.digests()
    monkeypatch.setattr(filling, "_LONG", 10)
    with where.application.connect() as connection:
        done = where.application.read_models.rebuild(
            connection, [name], where.application.store.max_index()
        )

    assert done.events == where.application.store.max_index()
    assert where.digests() == before
