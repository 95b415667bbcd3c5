"""The list of the commands on own streams. The command line gives commands through it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from commands import accept_referral, close_referral, request_referral, void_referral_event
from commands.accept_referral import AcceptReferral
from commands.close_referral import CloseReferral
from commands.decisions import Caller, Command, Decisions
from commands.ports.streams import CommandOutcome
from commands.request_referral import RequestReferral
from commands.void_referral_event import VoidReferralEvent

C = TypeVar("C", bound=Command)


# No slots: on Python 3.11 a frozen generic dataclass with slots cannot be called with parameters.
@dataclass(frozen=True)
class OwnCommand(Generic[C]):
    """A kind of command, and the function that handles it."""

    shape: type[C]
    handle: Callable[[C, Caller, Decisions], CommandOutcome]


#: By the type of the command. Each handler takes its own type of command.
COMMANDS: Final[Mapping[type[Command], OwnCommand[Any]]] = MappingProxyType(
    {
        each.shape: each
        for each in (
            OwnCommand(RequestReferral, request_referral.handle),
            OwnCommand(AcceptReferral, accept_referral.handle),
            OwnCommand(CloseReferral, close_referral.handle),
            OwnCommand(VoidReferralEvent, void_referral_event.handle),
        )
    }
)


def handle(command: Command, caller: Caller, decisions: Decisions) -> CommandOutcome:
    """Handle a command of any kind; see ``Decisions.record``."""
    return COMMANDS[type(command)].handle(command, caller, decisions)
