"""The care team as the hospital states it: who has which role, and when (section 15 of the rules).

It is apart from the care team that people keep by commands. It is derived from the interpreted
patient and the statements, and no other rule depends on it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from domain.continuity import Encounter, Entry, Patient
from domain.ids import EncounterId, StatementRef
from domain.interpretation.times import BEFORE_ALL
from domain.statement import Precision, StatedRole, Statement
from domain.triggers import trigger_of

#: The roles that have a word in the care team, by code (HL7 tables 0443 and 0912).
ROLE_WORDS: Final = {
    "AD": "admitting",
    "AT": "attending",
    "CP": "consultant",
    "FHCP": "primary_care",
    "PP": "primary_care",
    "RP": "referring",
}
#: The roles that a practitioner has for the person, and not for one stay (R15.6).
_OF_THE_PERSON: Final = frozenset({"PP", "FHCP"})
#: Actions of HL7 table 0287 that end a role: delete, unlink.
_ENDING: Final = frozenset({"DE", "UN"})
#: Fields that state one practitioner of a role. The other fields state the whole role (R15.3).
_OF_ONE: Final = frozenset({"ROL-4", "PRT-5"})
_NOT_BEGUN: Final = frozenset({"planned", "cancelled", "entered-in-error"})


class StatedMember(NamedTuple):
    """A period in which a practitioner has a role, as the hospital states it."""

    encounter_id: EncounterId | None  # None: the role is for the person, not for a stay
    facility: str  # of the encounter; of a role for the person, the namespace of the sender
    role: str  # HL7 table 0443; the code as sent in ROL-3 or PRT-4
    practitioner: str  # ref in the core; the name is sealed in the statement
    field: str  # the field that states it first, such as PV1-7
    statement: StatementRef  # the statement that states it first
    ended_by: StatementRef | None  # the statement that ends it; None: it goes on, or the stay ended
    since: datetime | None  # None: not known
    since_precision: Precision
    until: datetime | None  # None: it goes on
    until_precision: Precision


class _Instant(NamedTuple):
    at: datetime
    precision: Precision


class _Read(NamedTuple):
    """A statement and its entry."""

    statement: Statement
    entry: Entry

    def happened(self) -> _Instant:
        at = self.entry.happened_at
        return _Instant(BEFORE_ALL, "second") if at is None else _Instant(at, self.entry.precision)


@dataclass(slots=True)
class _Holding:
    """A practitioner in a role, while the statements are read in sent order."""

    stated: StatedRole
    statement: StatementRef
    since: _Instant
    until: _Instant | None = None
    ended_by: StatementRef | None = None
    instance: str = ""  # ref of ROL-1 or PRT-1

    def has_ended(self, at: _Instant) -> bool:
        """Tell whether the stated end of the period is not after an instant."""
        return self.until is not None and self.until.at <= at.at


def stated_team(
    patient: Patient, statement_of: Callable[[StatementRef], Statement]
) -> tuple[StatedMember, ...]:
    """Return who has which role for a patient, as the hospitals state it.

    The order is: by encounter, role, beginning; roles for the person come last. Example: an A01 at
    10:00 names an attending doctor, and an A08 at 14:00 names another one. The first one has the
    role until 14:00.

    Args:
        patient: The patient, interpreted without an as-of.
        statement_of: Returns a statement of the patient by its ref.
    """
    if not any(statement_of(entry.statement).roles for entry in patient.entries):
        return ()
    read = {
        entry.statement: _Read(statement_of(entry.statement), entry) for entry in patient.entries
    }
    found: list[StatedMember] = []
    for encounter in patient.encounters:
        if not encounter.cancelled and encounter.status not in _NOT_BEGUN:
            found += _of_encounter(encounter, [read[ref] for ref in encounter.statements])
    return (*found, *_of_person(read.values()))


def stated_team_at(members: Iterable[StatedMember], at: datetime) -> list[StatedMember]:
    """Return the periods that began at or before ``at``; those that ended later go on (R15.7)."""
    return [
        each._replace(until=None, ended_by=None) if each.until and each.until > at else each
        for each in members
        if each.since is None or each.since <= at
    ]


def _stating(given: Iterable[_Read]) -> Iterator[_Read]:
    """Yield the statements, given in sent order, that say who has a role (R15.5).

    Voided statements, cancels and resends do not. A resend of a voided statement is a resend (R4.1,
    R4.2).
    """
    known: set[str] = set()
    before = ""
    for each in given:
        content = each.statement.content
        repeated = content == before if each.statement.entered is None else content in known
        known.add(content)
        before = content
        if (
            each.statement.roles
            and each.entry.voided_by is None
            and not (content and repeated)
            and trigger_of(each.statement.trigger).kind != "cancel"
        ):
            yield each


def _of_encounter(encounter: Encounter, read: Iterable[_Read]) -> Iterator[StatedMember]:
    """Yield the roles of an encounter, from its start to its end (R15.1)."""
    start = _Instant(encounter.start or BEFORE_ALL, encounter.start_precision)
    end = None if encounter.end is None else _Instant(encounter.end, encounter.end_precision)
    within = [each for each in _stating(read) if end is None or each.happened().at <= end.at]
    for role in sorted({one.role for each in within for one in each.statement.roles}):
        if role in _OF_THE_PERSON:
            continue
        for each in _periods(role, within, start):
            until = each.until
            if end is not None and (until is None or until.at > end.at):
                until, each.ended_by = end, None
            if until is None or each.since.at <= until.at:
                yield _member(each, until, encounter.encounter_id, encounter.facility)


def _of_person(read: Iterable[_Read]) -> Iterator[StatedMember]:
    """Yield the roles for the person, by the namespace of the sender (R15.6)."""
    by_sender: dict[str, list[_Read]] = {}
    for each in sorted(read, key=lambda one: _sent_at(one.statement)):
        by_sender.setdefault(each.statement.namespace, []).append(each)
    for namespace, some in sorted(by_sender.items()):
        said = list(_stating(some))
        for role in sorted(_OF_THE_PERSON):
            for held in _periods(role, said, _Instant(BEFORE_ALL, "second")):
                yield _member(held, held.until, None, namespace)


def _sent_at(statement: Statement) -> datetime:
    """Return MSH-7, else EVN-2, else an instant before all others (R1.4)."""
    sent = statement.sent or statement.entered
    return BEFORE_ALL if sent is None else sent.at


def _periods(role: str, stated: Iterable[_Read], start: _Instant) -> list[_Holding]:
    """Return who had one role and when, from statements in sent order (R15.2 to R15.4)."""
    holding: dict[str, _Holding] = {}
    ended: list[_Holding] = []
    latest = start
    for each in stated:
        said = [one for one in each.statement.roles if one.role == role]
        if not said:
            continue
        latest = max(latest, each.happened(), key=lambda instant: instant.at)
        ref = each.statement.ref
        for practitioner in _leaving(said, holding):
            left = holding.pop(practitioner)
            if left.since.at < latest.at:
                if left.until is None or left.until.at > latest.at:
                    left.until, left.ended_by = latest, ref
                ended.append(left)
        for one in said:
            if not one.practitioner or one.action in _ENDING:
                continue
            known = holding.get(one.practitioner)
            if known is not None and known.has_ended(latest) and one.begins is one.ends is None:
                ended.append(known)  # the practitioner comes back
                known = None
            holding[one.practitioner] = _held(one, known, ref, start, latest)
    return sorted((*ended, *holding.values()), key=_by_beginning)


def _leaving(said: Sequence[StatedRole], holding: dict[str, _Holding]) -> list[str]:
    """Return the practitioners who leave a role by what one statement says about it."""
    here = {one.practitioner for one in said if one.action not in _ENDING}
    gone = {one.practitioner for one in said if one.action in _ENDING}
    named = {one.instance for one in said if one.instance}  # of ROL-1
    whole = any(one.field not in _OF_ONE for one in said)
    return [
        practitioner
        for practitioner, each in holding.items()
        if practitioner not in here and (whole or practitioner in gone or each.instance in named)
    ]


def _held(
    one: StatedRole, known: _Holding | None, ref: StatementRef, start: _Instant, latest: _Instant
) -> _Holding:
    """Return a practitioner in a role; one who has it already keeps its beginning."""
    begins = None if one.begins is None else _Instant(one.begins.at, one.begins.precision)
    ends = None if one.ends is None else _Instant(one.ends.last, one.ends.precision)
    since = None if begins is None else max(start, begins, key=lambda each: each.at)
    if known is None:
        return _Holding(one, ref, since or latest, ends, instance=one.instance)
    known.since = since or known.since
    if one.field in _OF_ONE:
        known.until = ends
        known.instance = one.instance or known.instance
    return known


def _by_beginning(each: _Holding) -> tuple[datetime, str]:
    return each.since.at, each.stated.practitioner


def _member(
    each: _Holding, until: _Instant | None, encounter_id: EncounterId | None, facility: str
) -> StatedMember:
    known = each.since.at != BEFORE_ALL
    return StatedMember(
        encounter_id=encounter_id,
        facility=facility,
        role=each.stated.role,
        practitioner=each.stated.practitioner,
        field=each.stated.field,
        statement=each.statement,
        ended_by=each.ended_by,
        since=each.since.at if known else None,
        since_precision=each.since.precision,
        until=None if until is None else until.at,
        until_precision="second" if until is None else until.precision,
    )
