"""The organisations that commands may name: those that the installation knows at the time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from commands.command import Command
from domain.errors import UnknownOrganisation
from domain.party import Party
from domain.statement import Moment

Named = TypeVar("Named", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownOrganisation:
    """An organisation, and the period in which commands may name it."""

    code: str
    since: datetime | None = None
    until: datetime | None = None  # the first instant after the period

    def holds(self, moment: Moment) -> bool:
        """Say whether commands may name the organisation at a time."""
        return (self.since is None or moment.last >= self.since) and (
            self.until is None or moment.at < self.until
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisations:
    """The organisations of an installation, by code and by alias. None: all are accepted."""

    by_name: Mapping[str, KnownOrganisation] | None

    def code_of(self, name: str) -> str:
        """Return the code of an organisation that an alias names; else the name itself."""
        found = (self.by_name or {}).get(name)
        return name if found is None else found.code

    def named_by(self, command: Command, moment: Moment) -> Command:
        """Return a command with the codes of the organisations that it names.

        Raises:
            UnknownOrganisation: The installation does not know one of them at this time.
        """
        by_name = self.by_name
        if by_name is None:
            return command

        def known(name: str) -> str:
            found = by_name.get(name)
            if found is None or not found.holds(moment):
                raise UnknownOrganisation(name)
            return found.code

        stated = {name: getattr(command, name) for name in command.organisation_fields()}
        codes = {name: known(code) if code else code for name, code in stated.items()}
        return _replaced(command.model_copy(update=codes) if codes != stated else command, known)


#: Of an installation that lists none.
EVERY_ORGANISATION: Final = Organisations(by_name=None)


def every_organisation() -> Organisations:
    """Return the organisations of an installation that lists none."""
    return EVERY_ORGANISATION


def _replaced(model: Named, code_of: Callable[[str], str]) -> Named:
    """Return a model in which the organisation of each party is replaced."""
    if isinstance(model, Party):
        code = code_of(model.organisation) if model.organisation else ""
        same = code == model.organisation
        return model if same else model.model_copy(update={"organisation": code})
    stated = {name: getattr(model, name) for name in type(model).model_fields}
    found = {name: _value(value, code_of) for name, value in stated.items()}
    changed = {name: value for name, value in found.items() if value is not stated[name]}
    return model.model_copy(update=changed) if changed else model


def _value(value: Any, code_of: Callable[[str], str]) -> Any:
    if isinstance(value, BaseModel):
        return _replaced(value, code_of)
    if isinstance(value, tuple):
        found = tuple(_value(each, code_of) for each in value)
        return (
            found
            if any(one is not other for one, other in zip(found, value, strict=True))
            else value
        )
    return value
