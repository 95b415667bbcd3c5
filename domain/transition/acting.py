"""The transition that people act on, as it is derived when they give a command."""

from collections.abc import Sequence

from domain.decider import StreamEvent
from domain.rules import KindRule, Protocols
from domain.transition.discharge import Discharge, window_end
from domain.transition.elsewhere import found_elsewhere
from domain.transition.events import TransitionEvent
from domain.transition.kinds import WITH_TRANSITION, EncounterFacts, kind_of
from domain.transition.reconciliations import NO_RECONCILIATIONS, Reconciliations
from domain.transition.steps import steps_of
from domain.transition.stream import ActedOn


def acted_on(
    encounter: EncounterFacts,
    applied: Sequence[StreamEvent[TransitionEvent]],
    protocols: Protocols,
    medications: Reconciliations = NO_RECONCILIATIONS,
) -> ActedOn | None:
    """Return what people act on after the discharge from an encounter.

    People may act after each discharge that holds, also if it owes nothing, such as one that was
    loaded as backlog. None: no discharge holds, a rule ended the encounter, or its class gives no
    transition.

    Args:
        encounter: The encounter.
        applied: What people recorded about it, by time.
        protocols: The published protocols. The lines of payers change times only, which do not
            matter here.
        medications: The reconciliations of the patient's medication lists.
    """
    if (
        encounter.class_code not in WITH_TRANSITION
        or encounter.cancelled
        or encounter.ended_by is None
        or encounter.end is None
    ):
        return None
    discharge = Discharge(encounter.end, encounter.end_precision, encounter.ended_by)
    protocol = protocols.at(encounter.end)
    rule = protocol.kinds.get(kind_of(encounter, protocol) or "", KindRule())
    zone = protocol.zone_of(encounter.facility)
    elsewhere = found_elsewhere(
        encounter,
        discharge,
        None,
        medications,
        until=window_end(discharge, protocol, zone),
        zone=zone,
    )
    steps = steps_of(rule, discharge, applied, elsewhere, protocol=protocol, zone=zone)
    return ActedOn(
        discharge_at=discharge.earliest,
        steps=frozenset(each.code for each in steps),
        done={each.code: each.done.at for each in steps if each.done},
    )
