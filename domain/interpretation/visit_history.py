"""The history of one visit: resends, cancels, and the encounters that the valid statements make.

Sections 4 to 7 of the specification, in this order, then the visits whose beginning never reached
us (R7.10 to R7.13) and the cancelled encounters (R8.7, R8.8).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from domain.ids import VisitRef
from domain.interpretation.cancel_ledger import CancelEffects, effects_of_cancels
from domain.interpretation.discharges import states_discharge, taken_back
from domain.interpretation.order import OrderedStatement
from domain.interpretation.resends import resent
from domain.interpretation.spell import Spell
from domain.interpretation.spell_times import set_end
from domain.interpretation.spells import spells_of
from domain.interpretation.times import BEFORE_ALL

#: An update opens a visit of these classes only (R7.12). Other patients come and go without a bed.
_OPENED_BY_UPDATE: Final = frozenset({"EMER", "IMP", "OBSENC"})


@dataclass(slots=True)
class VisitHistory:
    """The encounters of one visit, before their places and status are known."""

    statements: list[OrderedStatement]
    resends: dict[OrderedStatement, OrderedStatement]  # each with the statement that counts
    cancels: CancelEffects
    spells: list[Spell] = field(default_factory=list)
    plans: list[OrderedStatement] = field(default_factory=list)  # the valid ones
    restoring: list[OrderedStatement] = field(default_factory=list)  # valid A12 and A13 (R6.16)

    @property
    def start(self) -> datetime | None:
        """The start of the first encounter, as far as it is known."""
        return self.spells[0].start if self.spells else None

    def valid(self, some: Sequence[OrderedStatement]) -> Sequence[OrderedStatement]:
        """Leave out the void statements, the resends and the repeated cancels."""
        void, repeats, resends = self.cancels.voided_by, self.cancels.repeats, self.resends
        if not (void or repeats or resends):
            return some
        return [
            each
            for each in some
            if each not in void and each not in repeats and each not in resends
        ]


def history_of(
    statements: list[OrderedStatement],
    *,
    replaced: Mapping[VisitRef, OrderedStatement] | None = None,
) -> VisitHistory:
    """Return the history of one visit.

    Args:
        statements: All statements of the visit, in sent order.
        replaced: The numbers that the visit had before, each with the A06 or A07 that replaced it.
    """
    counted: Sequence[OrderedStatement] = statements
    resends = resent(statements)
    if resends:
        counted = [each for each in statements if each not in resends]
    cancels = effects_of_cancels(counted)
    void = cancels.voided_by
    valid = [each for each in counted if each not in void] if void else counted
    history = VisitHistory(statements, resends, cancels)
    for each in valid:
        if each.kind == "plan":
            history.plans.append(each)
        elif each.trigger.location == "restored" and each not in cancels.repeats:
            history.restoring.append(each)
    changed = {each: by for each, by in replaced.items() if by not in void} if replaced else {}
    history.spells = spells_of(valid, returns=_returns(cancels), replaced=changed)
    if not history.spells:
        history.spells = _opened(history, counted, valid)
    if void:
        history.spells = _with_cancelled(history, replaced)
    return history


def _returns(cancels: CancelEffects) -> list[tuple[datetime, OrderedStatement]]:
    """Return the valid A13 that put the patient elsewhere, with the instants (R6.15)."""
    returns: list[tuple[datetime, OrderedStatement]] = []
    for cancel, discharge in cancels.target.items():
        if cancel.trigger.cancels != "end" or cancel in cancels.voided_by:
            continue
        place, left = cancel.statement.place, discharge.statement.place
        if place and (left is None or left.ref != place.ref):
            returns.append((cancel.at, cancel))
    return returns


def _opened(
    history: VisitHistory, counted: Sequence[OrderedStatement], valid: Sequence[OrderedStatement]
) -> list[Spell]:
    """Return the encounter of a visit whose beginning never reached us, if there is one.

    Its start is the last PV1-44 that an A02, A03 or A08, or the statement that opens it, states
    (R7.13).
    """
    opener = _opening_cancel(history)
    if opener is None and all(each.kind in {"update", "cancel"} for each in counted):
        opener = _opening_update(valid)
    if opener is None:
        return []
    spell = Spell(opened_by=opener)
    admitted = [
        each.statement.admitted
        for each in (*valid, opener)
        if each.statement.admitted is not None
        and (each.trigger.admit_time == "corrects" or each is opener)
    ]
    if admitted and admitted[-1].at != BEFORE_ALL:
        spell.start = admitted[-1].at
        spell.start_inferred = False
        spell.start_precision = admitted[-1].precision
    if opener.kind == "update":
        _end_by_update(spell, valid)
    return [spell]


def _end_by_update(spell: Spell, valid: Sequence[OrderedStatement]) -> None:
    """End an encounter that only updates report, if one of them states a PV1-45 (R7.12).

    A PV1-45 later than its message ends nothing, because the patient was still there.
    """
    start = spell.start or BEFORE_ALL
    stating = [
        each
        for each in valid
        if states_discharge(each)
        and each.statement.discharged is not None
        and each.statement.discharged.last >= start
    ]
    if not stating:
        return
    without_effect = taken_back(valid)
    for each in stating:
        if each in without_effect:
            continue
        past = each.statement.discharged is not None and each.statement.discharged.at <= each.sent
        (spell.ends if past else spell.end_corrections).append(each)
    if spell.ends:
        set_end(spell)


def _opening_cancel(history: VisitHistory) -> OrderedStatement | None:
    """Return the cancel that says where the patient still is (R7.11).

    An A13 opens a visit in its PV1-3, and so does an A12 that voided a transfer. Example: an A02 in
    mid-stay and its A12; the patient is in the PV1-3 of the A12.
    """
    restoring, target = history.restoring, history.cancels.target
    if not any(each in target or each.trigger.opens_visit for each in restoring):
        return None
    return next((each for each in reversed(restoring) if each.statement.place), restoring[-1])


def _opening_update(valid: Sequence[OrderedStatement]) -> OrderedStatement | None:
    """Return the last A08 that shows a patient in a place (R7.12)."""
    updates = [
        each
        for each in valid
        if each.kind == "update"
        and each.trigger.opens_visit
        and each.statement.place is not None
        and each.statement.class_code in _OPENED_BY_UPDATE
    ]
    return updates[-1] if updates else None


def _with_cancelled(
    history: VisitHistory, replaced: Mapping[VisitRef, OrderedStatement] | None
) -> list[Spell]:
    """Return the encounters of a visit with those that were cancelled.

    If no encounter is left and no plan, those that the statements make without the cancels are
    cancelled encounters (R8.7). Beside a valid encounter, one that began after its end and is void
    as a whole is kept (R8.8).
    """
    void = history.cancels.voided_by
    beside_valid = bool(history.spells)
    if beside_valid:
        ended = any(spell.ended for spell in history.spells)
        if not (ended and any(each.kind == "beginning" for each in void)):
            return history.spells
    elif history.plans:
        return history.spells
    without_cancels = [each for each in history.statements if each.kind != "cancel"]
    cancelled = [
        replace(spell, cancelled=True)
        for spell in history_of(without_cancels, replaced=replaced).spells
        if not beside_valid or (spell.beginnings and all(each in void for each in spell.members()))
    ]
    return sorted([*history.spells, *cancelled], key=_start) if cancelled else history.spells


def _start(spell: Spell) -> datetime:
    return spell.start or BEFORE_ALL
