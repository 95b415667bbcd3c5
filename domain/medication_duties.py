"""The duties of medication lists: a discrepancy is resolved."""

from typing import Final

from domain.decider import fold
from domain.duties import Duty, duty
from domain.ids import StreamId
from domain.medication_list import MEDICATION_LIST, MedicationHistory
from domain.rules import Protocols

DISCREPANCY: Final = "medication_list.discrepancy"


def duties(stream: StreamId, history: MedicationHistory, protocols: Protocols) -> list[Duty]:
    """Return the duties of the lists of a person, open and done: one for each discrepancy.

    Args:
        stream: The stream of the lists.
        history: Its events.
        protocols: The published protocols.
    """
    owed: list[Duty] = []
    for part, each in fold(MEDICATION_LIST, history).state.known.discrepancies.items():
        began, responsible = each.found.happened_at.at, each.found.by
        protocol = protocols.at(began)
        due = protocol.due(DISCREPANCY, began, protocol.zone_of(responsible.organisation))
        if due is not None:
            owed.append(
                duty(
                    DISCREPANCY,
                    due,
                    about=stream,
                    opened_at=began,
                    responsible=responsible,
                    done_at=each.resolved.happened_at.at if each.resolved else None,
                    part=part,
                )
            )
    return owed
