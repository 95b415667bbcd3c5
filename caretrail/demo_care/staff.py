"""The people of the demo who act, with the role of each and the organisation they act for."""

from dataclasses import dataclass
from typing import Final

from caretrail.actors.authentication import LOCAL
from commands.authority import Authority
from commands.decisions import Caller
from commands.permissions import Role
from domain.body import Actor
from domain.party import Party

#: HL7 v3 PurposeOfUse: care management, and treatment.
_PURPOSES: Final = {Role.COORDINATOR: "CAREMGT", Role.CLINICIAN: "TREAT"}


@dataclass(frozen=True, slots=True)
class Staff:
    """A person who acts, by a code."""

    subject: str
    organisation: str
    role: Role = Role.COORDINATOR

    @property
    def party(self) -> Party:
        """The person as a party of an activity."""
        return Party(organisation=self.organisation, person=self.subject)

    def caller(self, key: str) -> Caller:
        """Return the person as the caller of a command with an idempotency key."""
        return Caller(
            actor=Actor(
                kind="person",
                issuer=LOCAL,
                subject=self.subject,
                purpose=_PURPOSES[self.role],
            ),
            key=key,
            authority=Authority(roles=(self.role,), organisations=frozenset({self.organisation})),
        )


def coordinator(facility: str) -> Staff:
    """Return the coordinator of a facility who follows up its discharges."""
    return Staff(f"{facility.lower()}-coordinator-1", facility)


NGH_PHYSICIAN: Final = Staff("ngh-physician-7", "NGH", Role.CLINICIAN)
NGH_NURSE: Final = Staff("ngh-nurse-3", "NGH", Role.CLINICIAN)
NGH_COORDINATOR: Final = Staff("ngh-coordinator-2", "NGH")
SBH_NURSE: Final = Staff("sbh-nurse-4", "SBH", Role.CLINICIAN)
SBH_COORDINATOR: Final = Staff("sbh-coordinator-2", "SBH")
CSC_CARDIOLOGIST: Final = Staff("csc-cardiologist-1", "CSC", Role.CLINICIAN)
CSC_COORDINATOR: Final = Staff("csc-coordinator-1", "CSC")
LPC_PHYSICIAN: Final = Staff("lpc-physician-2", "LPC", Role.CLINICIAN)
LPC_COORDINATOR: Final = Staff("lpc-coordinator-1", "LPC")
MCN_PHYSICIAN: Final = Staff("mcn-physician-1", "MCN", Role.CLINICIAN)
MCN_NURSE: Final = Staff("mcn-nurse-5", "MCN", Role.CLINICIAN)
MCN_THERAPIST: Final = Staff("mcn-therapist-2", "MCN", Role.CLINICIAN)
MCN_COORDINATOR: Final = Staff("mcn-coordinator-1", "MCN")
HRC_COORDINATOR: Final = Staff("hrc-coordinator-1", "HRC")
