"""The whole: statements in, patients with their encounters and entries out.

Evaluated in the order of the interpretation reference: sent order, whose, which visit; then per
visit resends, cancels, beginnings and ends, places, status.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter

from domain.continuity import Encounter, Entry, Patient, Stay
from domain.flags import FOR_THE_WORK_LIST, Flag
from domain.ids import EncounterId
from domain.interpretation.facts import Spell
from domain.interpretation.order import Said, in_sent_order
from domain.interpretation.places import close, ghosts_of, in_order_of_time, stays_of
from domain.interpretation.reading import Reading
from domain.interpretation.status import closed_at, status_of
from domain.interpretation.times import BEFORE_ALL, INFERRED
from domain.interpretation.unnumbered import assign
from domain.interpretation.visits import Visit, numbered_visits
from domain.interpretation.whose import Person, people
from domain.statement import EncounterClass, Statement

_at = attrgetter("at")


@dataclass(slots=True)
class _Outcomes:
    """What the statements of one person came to."""

    encounter: dict[Said, EncounterId] = field(default_factory=dict)
    voided_by: dict[Said, Said] = field(default_factory=dict)
    superseded_by: dict[Said, Said] = field(default_factory=dict)
    part_ends: set[Said] = field(default_factory=set)


def interpret(statements: Iterable[Statement]) -> tuple[Patient, ...]:
    """Return the patients, encounters and stays that a set of statements adds up to.

    A pure function of the set: neither order nor repetition matters, and equal refs are one
    statement. Give all statements of one link component (DESIGN D9); they may be of several people.
    Patients come in the order of their ids.
    """
    said = in_sent_order(statements)
    last_sent = said[-1].sent if said else BEFORE_ALL
    return tuple(_patient(person, last_sent) for person in people(said))


def _patient(person: Person, last_sent: datetime) -> Patient:
    visits, without = numbered_visits(person.said)
    if without:
        visits = assign(without, visits)
    encounters: list[Encounter] = []
    outcomes = _Outcomes()
    for visit in visits:
        encounters += _encounters(visit, outcomes, last_sent)
    if len(encounters) > 1:
        encounters.sort(key=_by_start)
    entries = [_entry(each, outcomes) for each in sorted(person.said, key=_at)]
    return Patient(
        patient_id=person.patient_id,
        mode=person.said[0].of.mode,
        records=person.records,
        merges=person.merges,
        encounters=tuple(encounters),
        entries=tuple(entries),
        flags=person.flags,
    )


def _by_start(encounter: Encounter) -> tuple[datetime, EncounterId]:
    return encounter.start or BEFORE_ALL, encounter.encounter_id


def _entry(each: Said, outcomes: _Outcomes) -> Entry:
    voided_by = outcomes.voided_by.get(each)
    superseded_by = outcomes.superseded_by.get(each)
    return Entry(
        statement=each.of.ref,
        happened_at=None if each.at == BEFORE_ALL else each.at,
        inferred=each.source in INFERRED,
        encounter_id=outcomes.encounter.get(each),
        voided_by=None if voided_by is None else voided_by.of.ref,
        superseded_by=None if superseded_by is None else superseded_by.of.ref,
        ends_part=each in outcomes.part_ends,
        flags=tuple(dict.fromkeys(each.flags)) if each.flags else (),
    )


def _encounters(visit: Visit, outcomes: _Outcomes, last_sent: datetime) -> list[Encounter]:
    reading = visit.reading
    by = reading.voided.by
    for again in (reading.resends, reading.voided.repeats):
        outcomes.superseded_by |= again
        for each in again:
            each.flags.append(Flag.RESEND)
    for each, why in reading.voided.idle.items():
        each.flags.append(why)
    outcomes.voided_by |= by
    spells = reading.spells or ([Spell()] if reading.plans else [])
    made: list[Encounter] = []
    for spell, said in zip(spells, _members(reading, spells), strict=True):
        encounter = _encounter(visit, spell, said, last_sent)
        made.append(encounter)
        outcomes.encounter.update(dict.fromkeys(said, encounter.encounter_id))
        outcomes.part_ends.update(each for each in spell.part_ends if each not in by)
        holds = spell.end_stated_by
        if holds is not None:
            outcomes.superseded_by |= {
                each: holds
                for each in spell.ends
                if each is not holds and each.at != spell.end and each not in by
            }
    return made


def _members(reading: Reading, spells: list[Spell]) -> list[list[Said]]:
    """Split the statements of a visit by encounter.

    What made an encounter is its own. The rest belongs to the last that began at or before its
    placing instant, else to the first; a cancel to that of what it voids, a resend to that of what
    it says again.
    """
    if not spells:
        return []
    if len(spells) == 1:
        return [reading.said]
    starts = [spell.start or BEFORE_ALL for spell in spells]
    index = {each: at for at, spell in enumerate(spells) for each in spell.members()}
    follows = reading.resends | reading.voided.repeats | reading.voided.target
    members: list[list[Said]] = [[] for _ in spells]
    for each in reading.said:
        leader = each
        while leader not in index and leader in follows:
            leader = follows[leader]
        at = index.get(leader)
        if at is None:
            at = max(bisect_right(starts, leader.at) - 1, 0)
            index[leader] = at
        members[at].append(each)
    return members


def _encounter(visit: Visit, spell: Spell, said: list[Said], last_sent: datetime) -> Encounter:
    reading = visit.reading
    by = reading.voided.by
    ours = set(said) if reading.back_to else set()
    back_to = [each for each in reading.back_to if each in ours]
    stays = stays_of(spell, back_to=back_to, cancelled=spell.cancelled)
    class_code, class_as_sent = _class_of(spell, stays, said)
    status = status_of(spell, class_code, cancelled=spell.cancelled)
    flags = set(visit.flags)
    end, end_inferred = spell.end, spell.end_inferred or (spell.ended and spell.end is None)
    if status == "in-progress" and class_code == "EMER":
        due = closed_at(spell, [each for each in said if each not in by], last_sent)
        if due is not None:
            end, end_inferred, status = due, True, "finished"
            stays = close(stays, due)
            flags.add(Flag.CLOSED_BY_RULE)
    if by and not spell.cancelled:
        standing = [each for each in said if each not in by and each not in reading.resends]
        voided = [(each, by[each]) for each in said if each in by]
        stays += ghosts_of(voided, standing=standing, stays=stays)
    for each in said:
        if each.flags:
            flags |= FOR_THE_WORK_LIST.intersection(each.flags)
    if spell.part_ends:
        flags.add(Flag.PART_ENDED)
    first = said[0].of
    plans = [each for each in reading.plans if each in said] if reading.plans else []
    return Encounter(
        encounter_id=EncounterId(first.ref),
        mode=first.mode,
        record=first.record,
        namespace=first.namespace,
        facility=_facility(stays, said),
        visit=visit.number,
        class_code=class_code,
        class_as_sent=class_as_sent,
        status=status,
        start=spell.start,
        end=end,
        start_inferred=spell.start_inferred,
        end_inferred=end_inferred,
        cancelled=spell.cancelled,
        stays=in_order_of_time(stays) if len(stays) > 1 else tuple(stays),
        statements=tuple([each.of.ref for each in said]),
        disposition_code=_disposition(spell),
        planned_for=_planned_for(plans),
        flags=tuple(sorted(flags)) if flags else (),
    )


def _class_of(spell: Spell, stays: list[Stay], said: list[Said]) -> tuple[EncounterClass, str]:
    """Return the class of the last stay, else the last one that anything of the visit says."""
    class_code = stays[-1].class_code if stays else "unknown"
    if class_code == "unknown":
        known = [each.of for each in said if each.of.class_code != "unknown"]
        if known:
            return known[-1].class_code, known[-1].class_as_sent
    last: Said | None = None
    for each in spell.members():
        if each.of.class_code == class_code and each.of.class_as_sent:
            last = each if last is None or each.order > last.order else last
    if last is not None:
        return class_code, last.of.class_as_sent
    return class_code, next((each.of.class_as_sent for each in said if each.of.class_as_sent), "")


def _facility(stays: list[Stay], said: list[Said]) -> str:
    for stay in stays:
        if stay.place is not None and stay.place.facility:
            return stay.place.facility
    for each in said:
        if each.of.place is not None and each.of.place.facility:
            return each.of.place.facility
    return said[0].of.namespace


def _disposition(spell: Spell) -> str:
    last: Said | None = None
    for each in spell.ends:
        if each.of.disposition_code and (last is None or each.order > last.order):
            last = each
    return "" if last is None else last.of.disposition_code


def _planned_for(plans: list[Said]) -> datetime | None:
    for each in reversed(plans):
        planned = each.of.admitted or each.of.occurred
        if planned is not None:
            return planned.at
    return None
