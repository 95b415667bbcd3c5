"""The steps of the demo's stories: who does what, and when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from caretrail.demo_care.staff import Staff
from commands.command import Command


@dataclass(frozen=True, slots=True)
class StayAt:
    """Stands for the newest encounter of the patient at a facility."""

    facility: str


@dataclass(frozen=True, slots=True)
class OwedItem:
    """Stands for the item of the work list that a duty of the patient is."""

    duty: str


@dataclass(frozen=True, slots=True)
class Step:
    """One command. Of its members, those that are found in the home are left out or stand-ins."""

    at: datetime
    who: Staff
    command: type[Command]
    members: Mapping[str, Any] = field(default_factory=dict)


def step(at: datetime, who: Staff, command: type[Command], /, **members: object) -> Step:
    """Return a step; the person who takes it is its ``by``, if the command has such a field."""
    if "by" in command.model_fields:
        members = {"by": who.party, **members}
    return Step(at, who, command, members)
