"""Each named story in every order of arrival: read, interpreted, answered; no database."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import count
from random import Random
from zlib import crc32

import msgspec
import pytest

from caretrail.reading.census import CensusReading, from_reading, order
from caretrail.reading.opening import SegmentOpener
from caretrail.reading.patient import PatientReading, read
from commands.ports.intake import Disposition
from consumers.hl7v2 import profiles, translate
from domain.encoding import make_body
from domain.interpretation import interpret
from projections.audit_trail import LogPosition
from projections.engine.events import FiledStatement
from tests.stories.telling import (
    KEY,
    PROFILES,
    Json,
    Names,
    Story,
    orders,
    seal,
    sent_again_later,
    stories,
    unseal,
)

_NOWHERE = LogPosition(index=0, recorded_at=None)
_LATER = datetime(2026, 3, 10, tzinfo=UTC)
_IDS = count(1)
_CONTEXT = translate.ReadingContext(
    id_key=KEY,
    profiles=profiles.load(PROFILES),
    new_id=lambda: f"00000000-0000-7000-8000-{next(_IDS):012d}",
)


def filed_of_messages(messages: Iterable[bytes]) -> dict[bytes, list[FiledStatement]]:
    """Read each message, once: reading knows nothing of the others."""
    return {message: _one(message) for message in messages}


def _one(message: bytes) -> list[FiledStatement]:
    received = translate.read(message, context=_CONTEXT)
    assert received.disposition is Disposition.RECORDED
    assert received.warnings == ()
    made = []
    for draft in received.drafts:
        body = make_body(draft.core, [seal(each) for each in draft.segments])
        made.append(
            FiledStatement(
                index=next(_IDS),
                event_id=draft.event_id,
                topic=draft.topic,
                recorded_at=_LATER,
                message_id=received.message_id,
                partition=0,
                statement=draft.core,
                segments=msgspec.json.decode(body, type=dict[str, msgspec.Raw])["sealed"],
            )
        )
    return made


def _answers(story: Story, filed: Sequence[FiledStatement]) -> tuple[list[Json], list[Json]]:
    """Return timelines and census as the command line answers them."""
    names = Names([story])
    patients = interpret(one.statement for one in filed)
    opening = SegmentOpener(unseal)
    readings: list[PatientReading] = []
    for patient in patients:
        reading = read(filed, patient.patient_id, opening, as_of=None, known=_NOWHERE)
        assert reading
        readings.append(reading)
    occupied = order(one for reading in readings for one in from_reading(reading))
    census = CensusReading(occupied=occupied, disagreements=(), as_of=None, known=_NOWHERE)
    encounters = {str(one.statement.ref): one.statement.control_id for one in filed}
    timelines = [names.timeline(reading) for reading in readings]
    timelines.sort(key=lambda timeline: story.people.index(timeline["patient_id"]))
    return timelines, names.census(census, encounters)


@pytest.mark.parametrize("story", stories(), ids=lambda story: story.name)
def test_a_story_gives_its_timeline_and_census_in_every_order(story: Story) -> None:
    random = Random(crc32(story.name.encode()))
    filed = filed_of_messages(story.messages)
    expected = list(story.timelines), list(story.census)

    for told in orders(story.messages, random):
        assert _answers(story, [one for each in told for one in filed[each]]) == expected


@pytest.mark.parametrize("story", stories(), ids=lambda story: story.name)
def test_what_is_sent_again_changes_nothing_in_a_story(story: Story) -> None:
    random = Random(crc32(story.name.encode()))
    expected = list(story.timelines), list(story.census)

    for _ in range(40):
        again = sent_again_later(story.messages, random, some=random.randint(1, 4))
        told = [*story.messages, *again, *random.choices(story.messages, k=3)]
        random.shuffle(told)
        filed = filed_of_messages(dict.fromkeys(told))
        assert _answers(story, [one for each in told for one in filed[each]]) == expected
