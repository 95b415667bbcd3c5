"""The states of a referral.

A state is a word of the table of moves, because the table has one row per step and one column per
state. What a later step asks of the state is beside the word.
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from domain.referral.requesting import ReferralRequested

StateWord: TypeAlias = Literal[
    "requested",
    "received",
    "returned_for_information",
    "information_sent",
    "accepted",
    "scheduled",
    "missed",
    "appointment_cancelled",
    "seen",
    "outcome_sent",
    "outcome_received",
    "cancellation_requested",
    "declined",
    "patient_declined",
    "redirected",
    "cancelled",
    "closed",
]

#: The target has not decided.
UNANSWERED: Final[tuple[StateWord, ...]] = (
    "requested",
    "received",
    "returned_for_information",
    "information_sent",
)
#: The target takes the patient on.
ACCEPTED: Final[tuple[StateWord, ...]] = (
    "accepted",
    "scheduled",
    "missed",
    "appointment_cancelled",
    "seen",
    "outcome_sent",
    "outcome_received",
)
#: Something is still to be done by the target or with the patient.
OPEN: Final[tuple[StateWord, ...]] = (*UNANSWERED, *ACCEPTED, "cancellation_requested")
#: The referral has ended, and can be reopened.
ENDED: Final[tuple[StateWord, ...]] = ("declined", "patient_declined", "cancelled", "closed")
WORDS: Final[tuple[StateWord, ...]] = (*OPEN, *ENDED, "redirected")


@dataclass(frozen=True, slots=True)
class NotRequested:
    """No request is in force: the stream has none, or it was entered in error."""

    @property
    def word(self) -> str:
        """The word of the state."""
        return "not_requested"


@dataclass(frozen=True, slots=True)
class RequestedReferral:
    """A referral that was requested, and how far it is.

    ``step`` is the state in the table of moves. A referral that is ``held`` keeps it. ``before`` is
    the state that a referral which has ended goes back to if it is reopened.
    """

    step: StateWord
    request: ReferralRequested
    held: bool = False
    told: bool = False  # whether the patient was told the plan when it was closed
    before: "RequestedReferral | None" = None

    @property
    def word(self) -> str:
        """The word of the state, as people see it."""
        return "held" if self.held else self.step

    @property
    def within_one_organisation(self) -> bool:
        """Whether requester and target are in the same organisation."""
        asked = self.request
        return asked.requester.organisation == asked.target.organisation != ""


Referral: TypeAlias = NotRequested | RequestedReferral


def is_open(state: Referral) -> bool:
    """Tell whether something is still to be done by the target or with the patient."""
    return isinstance(state, RequestedReferral) and state.step in OPEN
