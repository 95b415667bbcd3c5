"""Read what people need beside the timeline: what is owed, who takes care, what the plans say."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from caretrail.reading.past_courses import known_protocols
from caretrail.reading.patient import PatientReading
from caretrail.reading.plan_contents import PartContents
from caretrail.reading.reader import Reader
from caretrail.reading.responsibility import proposed_practice
from caretrail.reading.stated_teams import StatedMemberReading, read_stated_team
from domain.catalogue import own_event
from domain.ids import MODES, PatientId, StreamId
from domain.primary_care import SeenInPrimaryCare, last_seen_in_primary_care
from projections.attribution import AttributionRow, attributions
from projections.work_list import ItemFilter, WorkItemRow, items_of

#: The states of a plan that is worked on, or will be.
CURRENT: Final = frozenset({"draft", "active", "held"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CareReading:
    """The care of a patient, at the instants of the reading of the patient."""

    at: datetime
    items: tuple[WorkItemRow, ...] = ()  # open, the most pressing first
    attributions: tuple[AttributionRow, ...] = ()  # in force, the one that decides first
    #: The practice to which a person may attribute the patient; None: none is to be proposed.
    proposed: SeenInPrimaryCare | None = None
    stated: tuple[StatedMemberReading, ...] = ()  # the team as hospitals state it, in force
    #: What the parts of each current plan say.
    contents: Mapping[StreamId, Mapping[str, PartContents]] = field(default_factory=dict)


def read_care(
    reader: Reader,
    reading: PatientReading,
    *,
    now: datetime,
    known_at: int | datetime | None = None,
) -> CareReading:
    """Return the care of a patient, as of and as known at the instants of ``reading``.

    Args:
        reader: Reads the read models, and opens what the plans say.
        reading: The patient.
        now: The present, if the patient is not read as of another instant.
        known_at: The instant for which the patient was read; None: with everything that is known.
    """
    owed = read_owed(reader, reading, now=now, known_at=known_at)
    patient = PatientId(reading.patient.patient_id)
    with reader.past(known_at=known_at, records=reading.patient.records) as then:
        told = attributions(then.connection, [patient], relations=then)
        practices = (
            known_protocols(then.connection, then.clocks, own_event).at(owed.at).primary_care
        )
    plans = reading.activities.streams["care_plan"]
    known = None if known_at is None else reading.known.index
    whole = reading if reading.as_of is None else reader.patient(patient, known_at=known_at)
    stated = read_stated_team(whole, reader.opening, as_of=reading.as_of) if whole else []
    in_force = tuple(each for each in told if each.holds_at(owed.at))
    last_seen = last_seen_in_primary_care(reading.patient.encounters, practices, owed.at)
    return replace(
        owed,
        attributions=in_force,
        proposed=proposed_practice(last_seen, in_force),
        stated=tuple(each for each in stated if each.holds_at(owed.at)),
        contents={
            plan["stream_id"]: reader.plan_contents(
                plan["stream_id"], as_of=reading.as_of, known=known
            )
            for plan in plans
            if plan["state"] in CURRENT
        },
    )


def read_owed(
    reader: Reader,
    reading: PatientReading,
    *,
    now: datetime,
    known_at: int | datetime | None = None,
) -> CareReading:
    """Return what is owed for a patient, and no more of the care; see ``read_care``."""
    at = reading.as_of or now
    with reader.past(
        as_of=reading.as_of, known_at=known_at, records=reading.patient.records
    ) as then:
        items = items_of(
            then.connection,
            ItemFilter(waiting=True, modes=MODES),
            at=at,
            patients=[PatientId(reading.patient.patient_id)],
            relations=then,
        )
    return CareReading(at=at, items=tuple(items))
