"""The list of commands."""

from importlib import import_module
from pkgutil import walk_packages

import pytest

import commands
from commands.catalogue import BY_VERB, COMMANDS
from commands.catalogue.fields import fields_of
from commands.command import Command, VoidEvent
from domain.catalogue import KINDS


def test_every_command_is_in_the_list() -> None:
    modules = [
        import_module(each.name)
        for each in walk_packages(commands.__path__, f"{commands.__name__}.")
    ]
    found = {
        shape
        for module in modules
        for shape in vars(module).values()
        if isinstance(shape, type) and issubclass(shape, Command)
        if shape.__module__ == module.__name__ and hasattr(shape, "KIND") and hasattr(shape, "VERB")
    }
    assert set(COMMANDS) == found
    assert len(BY_VERB) == len(COMMANDS)


def test_every_kind_has_a_command_that_begins_it_and_one_that_voids_its_events() -> None:
    # A store has its stream of protocols from its creation.
    assert {each.KIND.name for each in COMMANDS if each.BEGINS} == set(KINDS) - {"protocol"}
    assert {each.KIND.name for each in COMMANDS if issubclass(each, VoidEvent)} == set(KINDS)


@pytest.mark.parametrize("shape", COMMANDS, ids=lambda shape: shape.__name__)
def test_every_field_says_what_it_is(shape: type[Command]) -> None:
    assert (shape.__doc__ or "").strip()
    fields = fields_of(shape)
    named = [name for name, field in shape.model_fields.items() if field.description]
    assert {each.path[0] for each in fields} <= set(named)
    assert len({each.path for each in fields}) == len(fields)
