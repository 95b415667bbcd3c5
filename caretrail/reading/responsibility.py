"""Answer who takes care of a patient, and who is responsible, at any instant."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from caretrail.reading.attributions import attribution_json
from caretrail.reading.care_teams import coordinator_json, handover_json, member_json
from caretrail.reading.member_details import MemberDetails
from caretrail.reading.members import Json, instant
from caretrail.reading.past_courses import known_protocols
from caretrail.reading.reader import Reader
from caretrail.reading.stated_teams import (
    StatedMemberReading,
    read_stated_team,
    stated_member_json,
)
from domain.care_team.events import Scope
from domain.catalogue import own_event
from domain.ids import PatientId
from domain.primary_care import SeenInPrimaryCare, last_seen_in_primary_care
from projections.attribution import AttributionRow, attributions
from projections.audit_trail import LogPosition
from projections.care_team_member import (
    CoordinatorRow,
    HandoverRow,
    MemberRow,
    coordinators,
    handovers,
    members,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamReading:
    """The care team and the attributions of a patient, as of one instant, as known at another.

    The team is as it was then: what ended later goes on. Attributions state their periods
    themselves, so those told later are here too, and ``told`` are those in force.
    """

    patient_id: PatientId
    at: datetime
    as_of: datetime | None  # None: now
    known: LogPosition
    members: Sequence[MemberRow]
    details: Mapping[str, MemberDetails]  # what is sealed about the members, by their codes
    coordinators: Sequence[CoordinatorRow]
    handovers: Sequence[HandoverRow]
    attributions: Sequence[AttributionRow]
    stated: Sequence[StatedMemberReading]  # by the hospitals, apart from the team
    last_seen: SeenInPrimaryCare | None = None  # in primary care, until ``at``

    @property
    def told(self) -> list[AttributionRow]:
        """The attributions in force, by precedence: the first one says who is told."""
        return [each for each in self.attributions if each.holds_at(self.at)]

    @property
    def proposed(self) -> SeenInPrimaryCare | None:
        """The practice to propose: see ``proposed_practice``."""
        return proposed_practice(self.last_seen, self.told)

    def coordinator(self, scope: Scope, programme: str = "") -> CoordinatorRow | None:
        """Return the coordinator of a scope; if it has none, that of the scope ``all``."""
        for wanted in ((scope, programme), ("all", "")):
            for each in self.coordinators:
                if (each.scope, each.programme) == wanted and each.until is None:
                    return each
        return None

    def member(self, code: str) -> MemberRow | None:
        """Return a member that is in the team; None if there is none with this code."""
        for each in self.members:
            if each.member == code and each.until is None:
                return each
        return None


def read_team(
    reader: Reader,
    text: str,
    *,
    now: datetime,
    as_of: datetime | None = None,
    known_at: int | datetime | None = None,
) -> TeamReading | None:
    """Return the team and the attributions of the patient behind ``text``.

    Return None if there is no such patient, or the patient was not yet known at ``known_at``.

    Raises:
        NumberShared: See ``Reader.patient``.
    """
    found = reader.patient(text, known_at=known_at)
    if found is None:
        return None
    patient, records = found.patient.patient_id, found.patient.records
    with reader.past(known_at=known_at, records=records) as then:
        told = attributions(then.connection, [patient], relations=then)
        practices = (
            known_protocols(then.connection, then.clocks, own_event).at(as_of or now).primary_care
        )
    with reader.past(as_of=as_of, known_at=known_at, records=records) as then:
        return TeamReading(
            patient_id=patient,
            at=as_of or now,
            as_of=as_of,
            known=then.known,
            members=members(then.connection, patient, relations=then),
            details=reader.member_details(
                records, as_of=as_of, known=None if known_at is None else then.known.index
            ),
            coordinators=coordinators(then.connection, patient, relations=then),
            handovers=handovers(then.connection, patient, relations=then),
            attributions=told,
            stated=read_stated_team(found, reader.opening, as_of=as_of),
            last_seen=last_seen_in_primary_care(found.patient.encounters, practices, as_of or now),
        )


def proposed_practice(
    last_seen: SeenInPrimaryCare | None, told: Iterable[AttributionRow]
) -> SeenInPrimaryCare | None:
    """Return the practice to propose; None if the patient is attributed to it, or there is none."""
    known = {each.target for each in told if each.target_kind == "practice"}
    return last_seen if last_seen and last_seen.practice not in known else None


def team_json(reading: TeamReading) -> Json:
    """Return the care team of a patient, with everything that ended before.

    What the hospital states is apart from the members that people have added.
    """
    return {
        **_head(reading),
        "members": [_member_json(reading, each) for each in reading.members],
        "coordinators": [coordinator_json(each) for each in reading.coordinators],
        "handovers": [handover_json(each) for each in reading.handovers],
        "stated_by_hospital": [stated_member_json(each) for each in reading.stated],
    }


def attributions_json(reading: TeamReading) -> Json:
    """Return all attributions of a patient, and which of them are in force."""
    return {
        **_head(reading),
        "in_force": [attribution_json(each) for each in reading.told],
        "attributions": [attribution_json(each) for each in reading.attributions],
        "proposed": _proposed_json(reading),
        "flags": _conflicts(reading.told),
    }


def responsible_json(reading: TeamReading, scope: Scope, programme: str = "") -> Json:
    """Return who is responsible for a scope, and who is told, in the order of precedence."""
    coordinator = reading.coordinator(scope, programme)
    member = reading.member(coordinator.member) if coordinator else None
    is_open = [
        each
        for each in reading.handovers
        if coordinator
        and each.state == "open"
        and (each.scope, each.programme) == (coordinator.scope, coordinator.programme)
    ]
    return {
        **_head(reading),
        "scope": scope,
        "programme": programme or None,
        "coordinator": coordinator_json(coordinator) if coordinator else None,
        "member": _member_json(reading, member) if member else None,
        "open_handover": handover_json(is_open[0]) if is_open else None,
        "attributions": [attribution_json(each) for each in reading.told],
        "proposed": _proposed_json(reading),
        "stated_by_hospital": [
            stated_member_json(each) for each in reading.stated if each.holds_at(reading.at)
        ],
        "flags": _conflicts(reading.told),
    }


def _proposed_json(reading: TeamReading) -> Json | None:
    """Return the practice in which the patient was last seen, if it is to be proposed."""
    seen = reading.proposed
    if seen is None:
        return None
    return {
        "target_kind": "practice",
        "target": seen.practice,
        "reason": "last_seen_in_primary_care",
        "encounter_id": seen.encounter_id,
        "seen_at": instant(seen.at),
    }


def _member_json(reading: TeamReading, row: MemberRow) -> Json:
    """Return one member in one role, with the name if it opens."""
    details = reading.details.get(row.member, MemberDetails())
    return {**member_json(row), "name": details.name, "telephone": details.telephone}


def _head(reading: TeamReading) -> Json:
    return {
        "patient_id": reading.patient_id,
        "as_of": instant(reading.as_of),
        "known_at": {
            "index": reading.known.index,
            "recorded_at": instant(reading.known.recorded_at),
        },
    }


def _conflicts(told: Iterable[AttributionRow]) -> list[str]:
    """Return the flag of attributions that name two targets of one kind at once."""
    targets = {(each.target_kind, each.target) for each in told}
    kinds = [kind for kind, _ in targets]
    return ["attribution_conflict"] if len(kinds) > len(set(kinds)) else []
