"""The list of commands."""

from importlib import import_module
from pkgutil import iter_modules

import commands
from commands.catalogue import COMMANDS
from commands.decisions import Command


def test_every_command_is_in_the_list_with_its_own_handler() -> None:
    modules = [import_module(f"commands.{each.name}") for each in iter_modules(commands.__path__)]
    found = {
        shape: module.handle
        for module in modules
        for shape in vars(module).values()
        if isinstance(shape, type) and issubclass(shape, Command)
        if shape.__module__ == module.__name__ and shape is not Command
    }
    assert {shape: each.handle for shape, each in COMMANDS.items()} == found
