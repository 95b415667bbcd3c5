"""The named stories: messages, what they must give, and the ways of telling them.

A story is a folder: ``messages.hl7``, and beside it ``timelines.json`` and ``census.json`` as the
command line answers them, with readable names for what is a keyed hash or new at every telling: a
patient is ``AUTHORITY|IDENTIFIER``; an encounter or event is the control id of its message.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, permutations
from pathlib import Path
from random import Random
from typing import Any, Final

from caretrail.reading.census import CensusReading
from caretrail.reading.contract import census_json, timeline_json
from caretrail.reading.patient import PatientReading
from consumers.hl7v2.files import split
from domain.body import PlainSegment, SealedSegment
from domain.ids import IdKey, Mode, PatientId

HERE: Final = Path(__file__).parent
PROFILES: Final = HERE / "profiles.toml"
#: Of the installations that the stories are told to, in hex.
SECRET: Final = "5a" * 32
KEY: Final = IdKey(bytes.fromhex(SECRET))
#: After everything that any story tells.
AFTERWARDS: Final = datetime(2026, 3, 9, tzinfo=UTC)
#: All orders are tried where there are no more of them; else so many different ones.
ORDERS: Final = 120
_FIVE: Final = 5  # messages have 120 orders

Json = dict[str, Any]


@dataclass(frozen=True)
class Story:
    """What is told, and what it must give."""

    name: str
    messages: tuple[bytes, ...]  # as sent, one after the other
    timelines: tuple[Json, ...]
    census: tuple[Json, ...]

    @property
    def people(self) -> list[str]:
        """Everybody whom it is about."""
        return [timeline["patient_id"] for timeline in self.timelines]

    def sent(self, control_id: str) -> bytes:
        """Return the message with this control id."""
        (message,) = (each for each in self.messages if control_id_of(each) == control_id)
        return message


def stories() -> list[Story]:
    """Return them all, in order of their names."""
    return [
        Story(
            name=folder.name,
            messages=tuple(split((folder / "messages.hl7").read_bytes())),
            timelines=tuple(json.loads((folder / "timelines.json").read_text("utf-8"))),
            census=tuple(json.loads((folder / "census.json").read_text("utf-8"))),
        )
        for folder in sorted(HERE.glob("[0-9]*_*"))
    ]


def control_id_of(message: bytes) -> str:
    """Return MSH-10."""
    return message.split(b"|")[9].decode()


def orders(messages: Sequence[bytes], random: Random) -> Iterator[Sequence[bytes]]:
    """Yield the messages in every order, or in ``ORDERS`` of them where there are more."""
    if len(messages) <= _FIVE:
        yield from permutations(messages)
        return
    drawn = {tuple(messages), tuple(reversed(messages))}
    while len(drawn) < ORDERS:
        drawn.add(tuple(random.sample(messages, len(messages))))
    yield from sorted(drawn)


def sent_again(message: bytes, control_id: str, later: timedelta) -> bytes:
    """Return a message as its sender repeats it: with a new MSH-7 and a new MSH-10."""
    fields = message.split(b"|")
    sent = datetime.strptime(fields[6].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    fields[6] = f"{sent + later:%Y%m%d%H%M%S}".encode()
    fields[9] = control_id.encode()
    return b"|".join(fields)


def sent_again_later(messages: Sequence[bytes], random: Random, *, some: int) -> list[bytes]:
    """Return ``some`` of the messages sent again, within four days."""
    chosen = random.choices(messages, k=some)
    return [
        sent_again(
            each, f"{control_id_of(each)}9{number}", timedelta(minutes=random.randint(1, 5760))
        )
        for number, each in zip(count(1), chosen)
    ]


def record(person: str, mode: Mode = "P") -> PatientId:
    """Return the id of the source record of ``AUTHORITY|IDENTIFIER``."""
    authority, identifier = person.split("|")
    return PatientId(KEY.record(authority, identifier, mode))


class Names:
    """Readable names for what is a keyed hash or new at every telling."""

    def __init__(self, told: Iterable[Story]) -> None:
        told = list(told)
        self._messages = {control_id_of(each) for story in told for each in story.messages}
        people = {person for story in told for person in story.people}
        self._people = {record(person): person for person in people}

    def person(self, patient_id: PatientId) -> str:
        """Return ``AUTHORITY|IDENTIFIER``, or the id itself of somebody whom no story expects."""
        return self._people.get(patient_id, patient_id)

    def timeline(self, reading: PatientReading) -> Json:
        """Return a timeline as stories are written.

        Members that depend on arrival and sentences are left out. So are own activities and shared
        numbers, which stories do not have, and the entries of repeated messages.
        """
        said = timeline_json(reading)
        assert not any(said["activities"].values())
        assert not said["shared_numbers"]
        del said["known_at"], said["activities"], said["shared_numbers"], said["transitions"]
        by_ref = {ref: each.statement.control_id for ref, each in reading.filed.items()}
        by_event = {each.event_id: each.statement.control_id for each in reading.filed.values()}
        said["patient_id"] = self.person(said["patient_id"])
        for encounter in said["encounters"]:
            encounter["encounter_id"] = by_ref[encounter["encounter_id"]]
            for location in encounter["locations"]:
                location["event_id"] = by_event[location["event_id"]]
        for entry in said["entries"]:
            del entry["recorded_at"], entry["source_message"], entry["summary"]
            del entry["stream"], entry["stream_id"], entry["actor"]
            for member in ("event_id", "voided_by", "superseded_by"):
                entry[member] = by_event.get(entry[member])
            entry["encounter_id"] = by_ref.get(entry["encounter_id"])
        said["entries"] = [each for each in said["entries"] if each["event_id"] in self._messages]
        return said

    def census(self, reading: CensusReading, encounters: Mapping[str, str]) -> list[Json]:
        """Return a census as stories are written; ``encounters``: control ids by encounter id."""
        said = census_json(reading)
        for row in said:
            row["patient_id"] = self.person(row["patient_id"])
            row["encounter_id"] = encounters[row["encounter_id"]]
        return said


def seal(plain: PlainSegment) -> SealedSegment:
    """Return a segment that ``unseal`` opens: what is tried here is not the secrecy."""
    return SealedSegment(
        subject=plain.subject,
        segment=plain.segment,
        commitment="",
        box=b64encode(plain.text).decode(),
    )


def unseal(sealed: SealedSegment, _event_id: str, _topic: str, /) -> bytes:
    """Return the text of a segment."""
    return b64decode(sealed.box)
