"""The encounters of one visit, with their places and their status."""

from bisect import bisect_right
from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import chain
from operator import attrgetter
from typing import Final, NamedTuple

from domain.continuity import Encounter, Stay
from domain.flags import FOR_THE_WORK_LIST, Flag, MessageFlag
from domain.ids import EncounterId, StatementRef
from domain.interpretation.disagreements import disagree
from domain.interpretation.discharges import discharge_marks
from domain.interpretation.growing_visit import Visit
from domain.interpretation.order import NO_TIE, Mark, OrderedStatement
from domain.interpretation.places import ended_at, in_order_of_time, places_of_void, stays_of
from domain.interpretation.roles import NO_DISCHARGE
from domain.interpretation.spell import Spell
from domain.interpretation.status import closed_at, status_of
from domain.interpretation.times import BEFORE_ALL
from domain.interpretation.visit_history import VisitHistory
from domain.statement import EncounterClass, Moment


class VisitResult(NamedTuple):
    """The encounters of one visit, and what they say about its statements."""

    encounters: list[Encounter]
    members: Sequence[Sequence[OrderedStatement]]  # the statements of each encounter
    superseded_by: dict[OrderedStatement, OrderedStatement]
    part_ends: list[OrderedStatement]
    marks: list[Mark]


class _Discharge(NamedTuple):
    """The last members of an encounter."""

    ended_by: StatementRef | None
    disposition: str
    admission_type: str
    is_backlog: bool


_NOT_DISCHARGED: Final = _Discharge(None, "", "", is_backlog=False)
_sent_order = attrgetter("order")


def encounters_of(visit: Visit, history: VisitHistory, last_sent: datetime) -> VisitResult:
    """Return the encounters of a visit.

    Args:
        visit: The visit.
        history: Its history.
        last_sent: When the last statement of the whole set was sent.
    """
    cancels = history.cancels
    superseded_by = history.resends | cancels.repeats
    marks: list[Mark] = [(each, Flag.RESEND) for each in superseded_by]
    marks += cancels.without_effect.items()
    spells = history.spells or ([Spell()] if history.plans else [])
    members = _members(history, spells)
    encounters: list[Encounter] = []
    part_ends: list[OrderedStatement] = []
    for spell, ours in zip(spells, members, strict=True):
        encounter, more = _encounter(visit, history, spell, ours, marks, last_sent)
        encounters.append(encounter)
        marks += more
        part_ends += [each for each in spell.part_ends if each not in cancels.voided_by]
        if len(spell.ends) > 1 or spell.end_corrections:
            superseded_by |= _superseded_ends(history, spell)
    return VisitResult(encounters, members, superseded_by, part_ends, marks)


def _superseded_ends(
    history: VisitHistory, spell: Spell
) -> dict[OrderedStatement, OrderedStatement]:
    """Return the valid ends that another time replaced, each with the statement that gives it."""
    holds = spell.end_stated_by
    if holds is None:
        return {}
    void = history.cancels.voided_by
    return {
        each: holds
        for each in spell.ends
        if each is not holds and each.kind == "end" and each.at != spell.end and each not in void
    }


def _members(
    history: VisitHistory, spells: Sequence[Spell]
) -> Sequence[Sequence[OrderedStatement]]:
    """Split the statements of a visit by encounter (R3.21).

    A statement that made an encounter belongs to it. A cancel belongs to the encounter of the
    statement that it voids, and a resend to that of the statement that it repeats. Any other
    statement belongs to the last encounter that began at or before it, else to the first one.
    """
    if not spells:
        return []
    if len(spells) == 1:
        return [history.statements]
    starts = [spell.start or BEFORE_ALL for spell in spells]
    index = {each: number for number, spell in enumerate(spells) for each in spell.members()}
    follows = history.resends | history.cancels.repeats | history.cancels.target
    members: list[list[OrderedStatement]] = [[] for _ in spells]
    for each in history.statements:
        leader = each
        while leader not in index and leader in follows:
            leader = follows[leader]
        number = index.get(leader)
        if number is None:
            number = index[leader] = max(bisect_right(starts, leader.at) - 1, 0)
        members[number].append(each)
    return members


def _encounter(  # what an encounter is made from
    visit: Visit,
    history: VisitHistory,
    spell: Spell,
    members: Sequence[OrderedStatement],
    marks_of_visit: Sequence[Mark],
    last_sent: datetime,
) -> tuple[Encounter, list[Mark]]:
    """Return one encounter, and marks of its statements.

    Args:
        visit: The visit.
        history: Its history.
        spell: The encounter as the rules built it.
        members: Its statements, in sent order.
        marks_of_visit: The marks that statements of the visit have so far.
        last_sent: When the last statement of the whole set was sent.
    """
    void = history.cancels.voided_by
    ours = set(members) if history.restoring or marks_of_visit else ()
    stays, marks = stays_of(spell, [each for each in history.restoring if each in ours])
    class_code, class_as_sent = _class_of(spell, stays, history, members)
    status = status_of(spell, class_code)
    flags: set[str] = set(visit.flags)
    end = spell.end
    end_inferred = spell.end_inferred or (spell.ended and end is None)
    if status == "in-progress" and class_code == "EMER":
        due = closed_at(spell, history.valid(members), last_sent)
        if due is not None:
            end, end_inferred, status = due, True, "finished"
            stays = ended_at(stays, due)
            flags.add(Flag.CLOSED_BY_RULE)
    if void and not spell.cancelled:
        stays += places_of_void(
            [(each, void[each]) for each in members if each in void],
            valid=history.valid(members),
            stays=stays,
        )
    given_before = set(chain.from_iterable([each.flags for each in members if each.flags]))
    flags |= FOR_THE_WORK_LIST & given_before
    may_state_end = spell.end_corrections or spell.states_end or spell.opened_by is not None
    if (may_state_end or NO_DISCHARGE in given_before) and not spell.cancelled:
        marks += discharge_marks(spell, history.valid(members))
    if marks or marks_of_visit:
        given = [flag for _, flag in marks] + [
            flag for each, flag in marks_of_visit if each in ours
        ]
        flags |= FOR_THE_WORK_LIST.intersection(given)
    if spell.part_ends:
        flags.add(Flag.PART_ENDED)
    tied = [each for each in members if each.tie != NO_TIE]
    if tied and disagree(history.valid(tied)):
        flags.add(Flag.ORDER_UNKNOWN)
    first = members[0].statement
    planned = _planned_for(history.plans, set(members)) if history.plans else None
    encounter = Encounter(  # by position, because keywords take three times as long
        EncounterId(first.ref),
        first.mode,
        first.record,
        first.namespace,
        _facility(stays, members),
        visit.number,
        class_code,
        class_as_sent,
        status,
        spell.start,
        end,
        spell.start_inferred,
        end_inferred,
        spell.cancelled,
        in_order_of_time(stays) if len(stays) > 1 else tuple(stays),
        tuple([each.statement.ref for each in members]),
        _disposition(spell),
        None if planned is None else planned.at,
        tuple(sorted(flags)) if flags else (),
        spell.start_precision,
        spell.end_precision,
        "second" if planned is None else planned.precision,
        *_discharge(spell, history, members),
    )
    return encounter, marks


def _class_of(
    spell: Spell,
    stays: Sequence[Stay],
    history: VisitHistory,
    members: Sequence[OrderedStatement],
) -> tuple[EncounterClass, str]:
    """Return the class of an encounter, and the class as sent (R9.2).

    It is the class of the last stay. If no stay has a class, it is the last class that a valid
    statement states, cancels left out. Example: an A01 without class and an A08 of class E; the
    encounter is of class EMER.
    """
    class_code = stays[-1].class_code if stays else "unknown"
    last: OrderedStatement | None = None
    for each in spell.members():
        if each.statement.class_code == class_code and each.statement.class_as_sent:
            last = each if last is None or each.order > last.order else last
    if class_code != "unknown" and last is not None:
        return class_code, last.statement.class_as_sent
    counting = members if spell.cancelled else history.valid(members)
    stating = [each.statement for each in counting if each.kind != "cancel"]
    if class_code == "unknown":
        known = [each for each in stating if each.class_code != "unknown"]
        if known:
            return known[-1].class_code, known[-1].class_as_sent
        if last is not None:
            return class_code, last.statement.class_as_sent
    return class_code, next((each.class_as_sent for each in stating if each.class_as_sent), "")


def _facility(stays: Sequence[Stay], members: Sequence[OrderedStatement]) -> str:
    """Return the facility of the first place that states one, else the namespace (R9.2)."""
    for stay in stays:
        if stay.place is not None and stay.place.facility:
            return stay.place.facility
    for each in members:
        place = each.statement.place
        if place is not None and place.facility:
            return place.facility
    return members[0].statement.namespace


def _disposition(spell: Spell) -> str:
    """Return the disposition of the last sent end that states one (R9.2)."""
    last = _stating_disposition(spell.ends)
    return "" if last is None else last.statement.disposition_code


def _stating_disposition(ends: Sequence[OrderedStatement]) -> OrderedStatement | None:
    """Return the last sent end with a known disposition, else the last sent one with any."""
    last: OrderedStatement | None = None
    for each in ends:
        stated = each.statement.disposition or each.statement.disposition_code
        if stated and (last is None or _rank(each) > _rank(last)):
            last = each
    return last


def _rank(end: OrderedStatement) -> tuple[bool, int]:
    return end.statement.disposition_code != "", end.order


def _discharge(
    spell: Spell, history: VisitHistory, members: Sequence[OrderedStatement]
) -> _Discharge:
    """Return what follows from the discharge that holds (R9.9)."""
    holds = spell.end_stated_by
    if not spell.ended or spell.cancelled or holds is None:
        return _NOT_DISCHARGED
    stating = _stating_disposition(spell.ends)
    first = min(spell.ends, key=_sent_order)
    return _Discharge(
        holds.statement.ref,
        "" if stating is None else stating.statement.disposition,
        next(
            (
                each.statement.admission_type
                for each in reversed(history.valid(members))
                if each.statement.admission_type and each.kind != "cancel"
            ),
            "",
        ),
        MessageFlag.BACKFILL in first.statement.flags,
    )


def _planned_for(
    plans: Sequence[OrderedStatement], members: Collection[OrderedStatement]
) -> Moment | None:
    """Return the time that the last sent plan with a time states, among some statements."""
    for each in reversed(plans):
        planned = each.statement.admitted or each.statement.occurred
        if planned is not None and each in members:
            return planned
    return None
