"""The care team as the hospital states it, with the names that open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from caretrail.reading.members import Json, instant
from caretrail.reading.opening import SegmentOpener, full_name, pieces_of
from caretrail.reading.patient import PatientReading
from domain.interpretation import ROLE_WORDS, StatedMember, stated_team, stated_team_at
from domain.segments import Practitioner


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedMemberReading:
    """A practitioner in a role; ``named`` is None if the name does not open."""

    member: StatedMember
    named: Practitioner | None

    def holds_at(self, at: datetime) -> bool:
        """Tell whether the practitioner has the role at an instant."""
        since, until = self.member.since, self.member.until
        return (since is None or since <= at) and (until is None or at < until)


def read_stated_team(
    reading: PatientReading, opening: SegmentOpener, *, as_of: datetime | None
) -> list[StatedMemberReading]:
    """Return the care team of a patient as the hospitals state it.

    Args:
        reading: The patient, read without an as-of.
        opening: Opens the names, if the caller may see them.
        as_of: Periods that began later are left out; None: all periods are here.
    """
    filed = reading.filed
    team: Sequence[StatedMember] = stated_team(reading.patient, lambda ref: filed[ref].statement)
    if as_of is not None:
        team = stated_team_at(team, as_of)
    opened = {
        ref: {
            each.ref: each
            for found in opening.practitioners(
                pieces_of(filed[ref], "demographics", filed[ref].statement.record)
            )
            for each in found.practitioners
        }
        for ref in {member.statement for member in team}
    }
    return [
        StatedMemberReading(member=each, named=opened[each.statement].get(each.practitioner))
        for each in team
    ]


def stated_member_json(reading: StatedMemberReading) -> Json:
    """Return one practitioner in one role."""
    member, named = reading.member, reading.named
    return {
        "encounter_id": member.encounter_id,
        "facility": member.facility,
        "role": ROLE_WORDS.get(member.role),
        "role_code": member.role,
        "practitioner_ref": member.practitioner,
        "name": (full_name([named.name]) or None) if named else None,
        "identifiers": [
            {
                "identifier": each.value,
                "authority": each.authority or None,
                "type": each.type or None,
            }
            for each in (named.numbers if named else ())
        ],
        "since": instant(member.since),
        "since_precision": member.since_precision if member.since else None,
        "until": instant(member.until),
        "until_precision": member.until_precision if member.until else None,
        "stated_in": member.field,
        "statement_ref": member.statement,
        "ended_by_ref": member.ended_by,
    }
