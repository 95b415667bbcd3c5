"""Find the refusals that a command can get, from the modules that decide it.

A list that is written by hand would fall behind the rules. So the modules of a command are followed
through what they import of the commands of its kind and of the domain. A refusal counts if one of
these modules names it. Commands that share rules share their refusals.
"""

import sys
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import Any, Final

from commands.command import Command, VoidEvent
from domain.errors import (
    BeforeBirth,
    DomainError,
    EnteredInErrorIsFinal,
    KeyReused,
    PatientDeceased,
    PurposeMissing,
    RoleNotAllowed,
    UnknownEvent,
    UnknownOrganisation,
    UnknownPerson,
    UnknownStream,
    VersionConflict,
)
from domain.party import Party
from domain.protocol import KIND as PROTOCOL

#: What every command can get, whatever it says.
_OF_EVERY_COMMAND: Final = frozenset(
    {KeyReused, PurposeMissing, RoleNotAllowed, UnknownStream, VersionConflict}
)
#: Modules that concern several kinds: what they import is not what one of them decides.
_OF_ALL_KINDS: Final = (
    "commands.command", "commands.ports", "domain.catalogue", "domain.errors", "domain.protocol",
)  # fmt: skip


@cache
def refusals_of_command(command: type[Command]) -> tuple[type[DomainError], ...]:
    """Return the refusals that a command can get, by code."""
    named = {
        refusal
        for start in _modules_of(command)
        for module in _reached(start)
        for refusal in _refusals_in(module)
    }
    found = {*_OF_EVERY_COMMAND, *named}
    if not issubclass(command, VoidEvent):
        found -= {EnteredInErrorIsFinal, UnknownEvent}  # only a mark of an error names an event
    if "record" in command.model_fields:
        found.add(UnknownPerson)
    if command.KIND is not PROTOCOL:  # protocols are about no person
        found.add(BeforeBirth)
        if not command.AFTER_DEATH:
            found.add(PatientDeceased)
    names_party = Party.__name__ in command.model_json_schema().get("$defs", {})
    if names_party or command.organisation_fields is not Command.organisation_fields:
        found.add(UnknownOrganisation)
    return tuple(sorted(found, key=lambda each: each.code))


def _modules_of(command: type[Command]) -> list[str]:
    """Return the modules in which a command is written, and that of the rules of its kind."""
    own = [each.__module__ for each in command.__mro__ if issubclass(each, Command)]
    decider = command.KIND.decider
    functions = (getattr(decider, each) for each in type(decider).__dataclass_fields__)
    rules = [_module_of(each) for each in functions if callable(each)]
    return [*own, *rules, type(decider).__module__, command.KIND.error_mark.__module__]


@cache
def _reached(start: str) -> frozenset[str]:
    """Return the modules that a module imports, directly or not."""
    found, waiting = set[str](), [start]
    while waiting:
        name = waiting.pop()
        if name in found or (name != start and name.startswith(_OF_ALL_KINDS)):
            continue
        found.add(name)
        waiting += _imported(sys.modules[name])
    return frozenset(found)


def _imported(module: ModuleType) -> Iterator[str]:
    for each in vars(module).values():
        origin: Any = each.__name__ if isinstance(each, ModuleType) else _module_of(each)
        if isinstance(origin, str) and origin.startswith(("commands.", "domain.")):
            yield origin


def _module_of(value: object) -> str:
    return str(getattr(value, "__module__", "") or "")


@cache
def _refusals_in(name: str) -> frozenset[type[DomainError]]:
    """Return the refusals that a module names."""
    return frozenset(
        each
        for each in vars(sys.modules[name]).values()
        if isinstance(each, type) and issubclass(each, DomainError) and each is not DomainError
    )
