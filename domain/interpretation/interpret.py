"""The whole interpretation: statements in, patients with their encounters and entries out.

The rules are applied in the order of the specification: sent order, whose, which visit; then for
each visit resends, cancels, beginnings and ends, places, status. Before that, times that are
repeated under another offset (R5.15) and places that are stated in part only (R8.12) are replaced.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter

from domain.continuity import Encounter, Entry, Patient
from domain.flags import Flag
from domain.ids import EncounterId
from domain.interpretation.deaths import death_of
from domain.interpretation.encounters import encounters_of
from domain.interpretation.fuller_places import (
    FullerStatements,
    replaced,
    state_building_or_floor,
)
from domain.interpretation.growing_visit import GrowingVisit
from domain.interpretation.known_visits import KnownVisits, VisitOutcome
from domain.interpretation.order import Mark, OrderedStatement, in_sent_order
from domain.interpretation.repeated_texts import RepeatedTexts
from domain.interpretation.successions import have_coarse_times, part_successive
from domain.interpretation.times import BEFORE_ALL
from domain.interpretation.unnumbered import with_unnumbered
from domain.interpretation.visits import numbered_visits
from domain.interpretation.whose import Person, people
from domain.statement import Statement

_placing_instant = attrgetter("at")


def interpret(
    statements: Iterable[Statement], known: KnownVisits | None = None
) -> tuple[Patient, ...]:
    """Return the patients, encounters and stays that a set of statements adds up to.

    The result depends on the set only: order and repetition do not matter, and equal refs are one
    statement. Give all statements of one component, that is of all source records that
    may concern each other. Patients are in the order of their ids.

    Args:
        statements: The statements.
        known: What the last interpretation of this component left. A visit that has not changed is
            not interpreted again. Give the same objects for the statements that were there before.
    """
    stated = (RepeatedTexts() if known is None else known.repeated).of(list(statements))
    ordered = in_sent_order(stated) if known is None else known.order.sort(stated)
    persons = people(ordered)
    if state_building_or_floor(ordered):
        fuller = (FullerStatements() if known is None else known.fuller).of(persons)
        if fuller:
            given = replaced(ordered, fuller)
            ordered = in_sent_order(given) if known is None else known.order_of_fuller.sort(given)
            persons = people(ordered)
    patients = _patients(ordered, persons, known)
    if known is not None:
        known.renew()
    return patients


def interpret_as_given(statements: Iterable[Statement]) -> tuple[Patient, ...]:
    """Return what ``interpret`` returns, but take times and places as stated (not R5.15, R8.12)."""
    ordered = in_sent_order(statements)
    return _patients(ordered, people(ordered), None)


def _patients(
    ordered: Sequence[OrderedStatement], persons: Iterable[Person], known: KnownVisits | None
) -> tuple[Patient, ...]:
    last_sent = ordered[-1].sent if ordered else BEFORE_ALL
    return tuple([_patient(person, last_sent, known) for person in persons])


def _patient(person: Person, last_sent: datetime, known: KnownVisits | None) -> Patient:
    histories = None if known is None else known.histories
    visits, without = numbered_visits(person.statements, histories)
    if without:
        visits = with_unnumbered(without, visits, histories)
    encounters: list[Encounter] = []
    entries: dict[OrderedStatement, Entry] = {}
    for visit in visits:
        outcome = None if known is None else known.outcome(visit.visit, last_sent)
        if outcome is None:
            outcome = _outcome(visit, last_sent)
            if known is not None:
                known.keep(visit.visit, last_sent, outcome)
        encounters += outcome.encounters
        entries |= outcome.entries
    placed: Sequence[OrderedStatement] = ()
    if len(encounters) > 1:
        if have_coarse_times(encounters):
            encounters, placed = part_successive(encounters, entries)
        encounters.sort(key=by_start)
    for each, marks in _by_statement(person.marks).items():
        entries[each] = _marked(each, entries.get(each) or _entry(each), marks)
    return Patient(
        patient_id=person.patient_id,
        mode=person.mode,
        records=person.records,
        merges=person.merges,
        encounters=tuple(encounters),
        entries=tuple(
            [
                entries.get(each) or _entry(each)
                for each in _in_order(person.statements, placed, entries)
            ]
        ),
        flags=person.flags,
        death=death_of(person.statements, encounters),
    )


def _in_order(
    statements: Iterable[OrderedStatement],
    placed: Iterable[OrderedStatement],
    entries: Mapping[OrderedStatement, Entry],
) -> list[OrderedStatement]:
    """Sort statements by placing instant (R9.7); some were placed by their encounter (R7.14)."""
    instants = {each: entries[each].happened_at or each.at for each in placed}
    if not instants:
        return sorted(statements, key=_placing_instant)
    return sorted(statements, key=lambda each: instants.get(each, each.at))


def by_start(encounter: Encounter) -> tuple[datetime, EncounterId]:
    """Return a key that sorts encounters by start, an unknown one first, then by id."""
    return encounter.start or BEFORE_ALL, encounter.encounter_id


def _outcome(visit: GrowingVisit, last_sent: datetime) -> VisitOutcome:
    history = visit.history
    result = encounters_of(visit.visit, history, last_sent)
    only = result.encounters[0].encounter_id if len(result.encounters) == 1 else None
    encounter_of: dict[OrderedStatement, EncounterId] = {}
    if only is None:
        for encounter, members in zip(result.encounters, result.members, strict=True):
            encounter_of |= dict.fromkeys(members, encounter.encounter_id)
    void, superseded = history.cancels.voided_by, result.superseded_by
    part_ends, marks = set(result.part_ends), _by_statement(result.marks)
    entries: dict[OrderedStatement, Entry] = {}
    for each in history.statements:
        flags: tuple[str, ...] = each.flags
        if each in marks:
            flags = (*flags, *marks[each])
        entries[each] = Entry(  # by position, because keywords take three times as long
            each.statement.ref,
            None if each.at == BEFORE_ALL else each.at,
            not each.stated,
            encounter_of.get(each, only),
            void[each].statement.ref if each in void else None,
            superseded[each].statement.ref if each in superseded else None,
            "second" if each.moment is None else each.moment.precision,
            each in part_ends,
            tuple(dict.fromkeys(flags)) if len(flags) > 1 else flags,
        )
    return VisitOutcome(result.encounters, entries)


def _entry(each: OrderedStatement) -> Entry:
    """Return the entry of a statement that is of no visit."""
    return Entry(
        statement=each.statement.ref,
        happened_at=None if each.at == BEFORE_ALL else each.at,
        inferred=not each.stated,
        encounter_id=None,
        precision="second" if each.moment is None else each.moment.precision,
        flags=tuple(dict.fromkeys(each.flags)),
    )


def _marked(each: OrderedStatement, entry: Entry, marks: Iterable[Flag]) -> Entry:
    """Add the marks of the patient to an entry. They come before those of the visit."""
    return entry._replace(flags=tuple(dict.fromkeys((*each.flags, *marks, *entry.flags))))


def _by_statement(marks: Iterable[Mark]) -> Mapping[OrderedStatement, list[Flag]]:
    """Return marks by statement, in the order in which rules gave them."""
    found: dict[OrderedStatement, list[Flag]] = {}
    for each, flag in marks:
        found.setdefault(each, []).append(flag)
    return found
