"""One visit read as a whole: resends, cancels, then what stands and the encounters it makes.

Source of the rules: interpretation, sections 4 to 7 in this order, and the visits never heard of
at the end of section 7.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from domain.ids import VisitRef
from domain.interpretation.cancels import Voided, voided
from domain.interpretation.facts import Spell, spells
from domain.interpretation.order import Said
from domain.interpretation.resends import resent
from domain.interpretation.times import BEFORE_ALL

#: An A08 alone opens a visit of these classes only: others come and go without a bed.
_OPENED_BY_UPDATE: Final = frozenset({"EMER", "IMP", "OBSENC"})


@dataclass(slots=True)
class Reading:
    """What the statements of one visit add up to, before places."""

    said: list[Said]
    resends: dict[Said, Said]
    voided: Voided
    spells: list[Spell] = field(default_factory=list)
    plans: list[Said] = field(default_factory=list)  # of an admission; standing
    back_to: list[Said] = field(default_factory=list)  # A12 and A13 that stand

    @property
    def begun(self) -> datetime | None:
        """When the first encounter began, as far as anybody said."""
        return self.spells[0].start if self.spells else None


def read(said: list[Said], *, replaced: Mapping[VisitRef, Said] | None = None) -> Reading:
    """Read the statements of one visit, in sent order.

    Args:
        said: All statements of the visit.
        replaced: Numbers that it had, by the A06 or A07 that replaced each.
    """
    counted: Sequence[Said] = said
    resends = resent(said)
    if resends:
        counted = [each for each in said if each not in resends]
    reading = Reading(said, resends, voided(counted))
    by = reading.voided.by
    standing = [each for each in counted if each not in by] if by else counted
    returns: list[tuple[datetime, Said]] = []
    for cancel, target in reading.voided.target.items():
        if cancel.row.cancels != "end" or cancel in by:
            continue
        place, left = cancel.of.place, target.of.place
        if place and (left is None or left.ref != place.ref):
            returns.append((cancel.at, cancel))
    for each in standing:
        if each.kind == "plan":
            reading.plans.append(each)
        elif each.row.location == "restored" and each not in reading.voided.repeats:
            reading.back_to.append(each)
    still = {each for each, change in replaced.items() if change not in by} if replaced else ()
    reading.spells = spells(standing, returns=returns, replaced=still)
    if not reading.spells:
        _open(reading, counted, standing)
    if by:
        _keep_cancelled(reading, replaced)
    return reading


def _open(reading: Reading, counted: Sequence[Said], standing: Sequence[Said]) -> None:
    """Open a visit never heard of, where what was said of it shows that the patient is there."""
    opener = _returned(reading)
    if opener is None and all(each.kind in {"update", "cancel"} for each in counted):
        opener = _updated(standing)
    if opener is None:
        return
    spell = Spell(opened_by=opener)
    admitted = [
        each.of.admitted.at
        for each in (*standing, opener)
        if each.of.admitted is not None and (each.row.admit_time == "corrects" or each is opener)
    ]
    if admitted and admitted[-1] != BEFORE_ALL:
        spell.start = admitted[-1]
        spell.start_inferred = False  # PV1-44 states it, whoever opened the visit
    reading.spells = [spell]


def _returned(reading: Reading) -> Said | None:
    """Return the last A13, or A12 that took back a transfer: the patient is still there."""
    back, target = reading.back_to, reading.voided.target
    if not any(each in target or each.row.opens_visit for each in back):
        return None
    return next((each for each in reversed(back) if each.of.place), back[-1])


def _updated(standing: Sequence[Said]) -> Said | None:
    if any(each.of.discharged is not None for each in standing):
        return None
    updates = [
        each
        for each in standing
        if each.kind == "update"
        and each.row.opens_visit
        and each.of.place is not None
        and each.of.class_code in _OPENED_BY_UPDATE
    ]
    return updates[-1] if updates else None


def _keep_cancelled(reading: Reading, replaced: Mapping[VisitRef, Said] | None) -> None:
    """Give cancelled encounters the times and places that they have without the cancels.

    Beside one that stands there may be one that was begun after its end and then taken back.
    """
    by = reading.voided.by
    if reading.spells and not _began_and_ended(by, reading.spells):
        return
    if reading.plans and not reading.spells:
        return
    ghost = read([each for each in reading.said if each.kind != "cancel"], replaced=replaced)
    if reading.spells:
        back = [
            spell
            for spell in ghost.spells
            if spell.first and all(each in by for each in spell.members())
        ]
    else:
        back = ghost.spells
    for spell in back:
        spell.cancelled = True
    reading.spells = sorted([*reading.spells, *back], key=_start) if back else reading.spells


def _began_and_ended(by: Mapping[Said, Said], standing: Sequence[Spell]) -> bool:
    return any(spell.ended for spell in standing) and any(each.kind == "beginning" for each in by)


def _start(spell: Spell) -> datetime:
    return spell.start or BEFORE_ALL
