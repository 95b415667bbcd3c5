"""Status and census: what an encounter is, and when an open one is closed by rule (section 9)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from domain.continuity import Encounter, Status
from domain.interpretation.order import OrderedStatement
from domain.interpretation.spell import Spell
from domain.statement import EncounterClass

#: Encounters of these classes occupy a place in a hospital (R9.3).
_IN_CENSUS: Final = frozenset({"EMER", "IMP", "OBSENC"})


def status_of(spell: Spell, class_code: EncounterClass) -> Status:
    """Return the FHIR R4 status of an encounter (R9.1).

    Args:
        spell: The encounter.
        class_code: Its class.
    """
    if spell.cancelled:
        return "cancelled"
    if spell.ended or spell.end is not None:
        return "finished"
    if not (spell.beginnings or spell.changes or spell.moves or spell.opened_by):
        return "planned"
    if _is_registered_only(spell) and "EMER" not in {class_code, _class_registered(spell)}:
        return "arrived"
    return "in-progress"


def in_census(encounter: Encounter) -> bool:
    """Tell whether an encounter is in the census (R9.3). Its place may be unknown.

    An encounter of unknown class is in the census if its last valid stay has a bed.
    """
    if encounter.status != "in-progress":
        return False
    if encounter.class_code != "unknown":
        return encounter.class_code in _IN_CENSUS
    last = next((stay for stay in reversed(encounter.stays) if not stay.cancelled), None)
    return last is not None and last.place is not None and last.place.bed is not None


def closed_at(
    spell: Spell, valid: Sequence[OrderedStatement], last_sent: datetime
) -> datetime | None:
    """Return when a rule closes an open emergency encounter; None: it stays open (R9.4).

    That is its last activity plus the hours of the profile, if a statement was sent later. The
    result depends on the set of statements and on no clock.

    Args:
        spell: An open encounter of class EMER.
        valid: Its valid statements, in sent order.
        last_sent: When the last statement of the set was sent.
    """
    hours = valid[-1].statement.settings.close_after_hours if valid else None
    if hours is None or spell.start is None:
        return None
    begun = max(spell.start, spell.change_at or spell.start)
    last = max(begun, *(each.at for each in valid if each.kind != "plan"))
    wait = timedelta(hours=hours)
    # Subtraction, because an addition to a time far in the future could overflow.
    return last + wait if last_sent - last > wait else None


def _is_registered_only(spell: Spell) -> bool:
    """Tell whether a registration (A04) is the last beginning or change, and no A06 follows."""
    reported = spell.changes or spell.beginnings
    if not reported or any(move.trigger.admits for _, move in spell.moves):
        return False
    return reported[-1].trigger.is_registration


def _class_registered(spell: Spell) -> EncounterClass:
    """Return the class that the A04 sent last states. The class may have changed since."""
    stated = [
        each for each in spell.changes or spell.beginnings if each.statement.class_code != "unknown"
    ]
    return max(stated, key=lambda each: each.order).statement.class_code if stated else "unknown"
