"""The whole interpretation: statements in, patients with their encounters and entries out.

The rules are applied in the order of the specification: sent order, whose, which visit; then for
each visit resends, cancels, beginnings and ends, places, status.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter

from domain.continuity import Encounter, Entry, Patient
from domain.flags import Flag
from domain.ids import EncounterId
from domain.interpretation.encounters import encounters_of
from domain.interpretation.order import Mark, OrderedStatement, in_sent_order
from domain.interpretation.times import BEFORE_ALL
from domain.interpretation.unnumbered import with_unnumbered
from domain.interpretation.visits import numbered_visits
from domain.interpretation.whose import Person, people
from domain.statement import Statement

_placing_instant = attrgetter("at")


def interpret(statements: Iterable[Statement]) -> tuple[Patient, ...]:
    """Return the patients, encounters and stays that a set of statements adds up to.

    The result depends on the set only: order and repetition do not matter, and equal refs are one
    statement. Give all statements of one component (DESIGN D9), that is of all source records that
    may concern each other. Patients are in the order of their ids.
    """
    ordered = in_sent_order(statements)
    last_sent = ordered[-1].sent if ordered else BEFORE_ALL
    return tuple([_patient(person, last_sent) for person in people(ordered)])


@dataclass(slots=True)
class _Outcomes:
    """What became of the statements of one patient."""

    encounter: dict[OrderedStatement, EncounterId] = field(default_factory=dict)
    voided_by: dict[OrderedStatement, OrderedStatement] = field(default_factory=dict)
    superseded_by: dict[OrderedStatement, OrderedStatement] = field(default_factory=dict)
    part_ends: set[OrderedStatement] = field(default_factory=set)
    flags: dict[OrderedStatement, list[Flag]] = field(default_factory=dict)

    def mark(self, marks: Iterable[Mark]) -> None:
        """Merge marks into the flags of the statements, in the order in which rules gave them."""
        for each, flag in marks:
            self.flags.setdefault(each, []).append(flag)


def _patient(person: Person, last_sent: datetime) -> Patient:
    visits, without = numbered_visits(person.statements)
    if without:
        visits = with_unnumbered(without, visits)
    outcomes = _Outcomes()
    outcomes.mark(person.marks)
    encounters: list[Encounter] = []
    for visit in visits:
        history = visit.history
        result = encounters_of(visit.visit, history, last_sent)
        encounters += result.encounters
        for encounter, members in zip(result.encounters, result.members, strict=True):
            outcomes.encounter.update(dict.fromkeys(members, encounter.encounter_id))
        outcomes.voided_by |= history.cancels.voided_by
        outcomes.superseded_by |= result.superseded_by
        outcomes.part_ends.update(result.part_ends)
        outcomes.mark(result.marks)
    if len(encounters) > 1:
        encounters.sort(key=by_start)
    entries = [_entry(each, outcomes) for each in sorted(person.statements, key=_placing_instant)]
    return Patient(
        patient_id=person.patient_id,
        mode=person.mode,
        records=person.records,
        merges=person.merges,
        encounters=tuple(encounters),
        entries=tuple(entries),
        flags=person.flags,
    )


def by_start(encounter: Encounter) -> tuple[datetime, EncounterId]:
    """Return a key that sorts encounters by start, an unknown one first, then by id."""
    return encounter.start or BEFORE_ALL, encounter.encounter_id


def _entry(each: OrderedStatement, outcomes: _Outcomes) -> Entry:
    void, superseded = outcomes.voided_by, outcomes.superseded_by
    flags: tuple[str, ...] = each.flags
    if each in outcomes.flags:
        flags = (*flags, *outcomes.flags[each])
    return Entry(  # by position, because keywords take three times as long
        each.statement.ref,
        None if each.at == BEFORE_ALL else each.at,
        not each.stated,
        outcomes.encounter.get(each),
        void[each].statement.ref if each in void else None,
        superseded[each].statement.ref if each in superseded else None,
        "second" if each.moment is None else each.moment.precision,
        each in outcomes.part_ends,
        tuple(dict.fromkeys(flags)) if flags else (),
    )
