"""Status of an encounter, who is in the census, and the closing of hanging emergency visits.

Source of the rules: interpretation, section 9; hanging emergency visits: ADT reference, section 4.
"""

from datetime import datetime, timedelta
from typing import Final

from domain.continuity import Encounter, Status
from domain.interpretation.facts import Spell
from domain.interpretation.order import Said
from domain.statement import EncounterClass

#: Classes of people who lie or wait in a hospital.
_IN_CENSUS: Final = frozenset({"EMER", "IMP", "OBSENC"})


def status_of(spell: Spell, class_code: EncounterClass, *, cancelled: bool) -> Status:
    """Return the FHIR R4 status of what a spell makes."""
    if cancelled:
        return "cancelled"
    if spell.ended or spell.end is not None:
        return "finished"
    if not (spell.first or spell.change or spell.moves or spell.opened_by):
        return "planned"
    if _only_registered(spell) and "EMER" not in {class_code, _registered_as(spell)}:
        return "arrived"
    return "in-progress"


def in_census(encounter: Encounter) -> bool:
    """Tell whether the patient of an encounter counts as being here; the place may be unknown."""
    if encounter.status != "in-progress":
        return False
    if encounter.class_code != "unknown":
        return encounter.class_code in _IN_CENSUS
    last = next((stay for stay in reversed(encounter.stays) if not stay.cancelled), None)
    return last is not None and last.place is not None and last.place.bed is not None


def closed_at(spell: Spell, said: list[Said], last_sent: datetime) -> datetime | None:
    """Return when an emergency visit that hangs open is taken to have ended.

    That is the last activity of the visit plus the hours that the sender's profile gives, and only
    once something of the same people was sent after that instant: so the closure depends on the set
    of statements and on no clock. A real A03 replaces it.

    Args:
        spell: An open encounter of class EMER.
        said: Its statements that stand, in sent order.
        last_sent: When the last statement of the set was sent.
    """
    hours = said[-1].of.settings.close_after_hours if said else None
    if hours is None or spell.start is None:
        return None
    begun = max(spell.start, spell.change_at or spell.start)
    last = max(begun, *(each.at for each in said if each.kind != "plan"))
    wait = timedelta(hours=hours)
    return last + wait if last_sent - last > wait else None  # no time is too late to subtract


def _registered_as(spell: Spell) -> EncounterClass:
    """Return the class of the A04; who came to the emergency department may be observed later."""
    stated = [each for each in spell.change or spell.first if each.of.class_code != "unknown"]
    return max(stated, key=lambda each: each.order).of.class_code if stated else "unknown"


def _only_registered(spell: Spell) -> bool:
    """Whether an A04 is the last to say what sort of encounter this is."""
    if not spell.first or any(move.row.admits for _, move in spell.moves):
        return False
    return (spell.change or spell.first)[-1].row.is_registration
