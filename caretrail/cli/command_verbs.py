"""Make the verbs of own streams from the commands: a flag for each field."""

import argparse
from collections.abc import Callable
from typing import Final

from caretrail.cli.arguments import code, count, day, id_of, instant
from caretrail.cli.command_group import CommandGroup
from caretrail.cli.verbs import Verbs, add_caller, add_verb
from commands.catalogue import COMMANDS
from commands.catalogue.fields import CommandField, FieldKind, fields_of
from commands.command import Command

_PARSED: Final[dict[FieldKind, Callable[[str], object]]] = {
    "id": id_of,
    "code": code,
    "codes": code,
    "day": day,
    "instant": instant,
    "number": count,
}
_SHOWN: Final[dict[FieldKind, str]] = {
    "id": "ID",
    "code": "CODE",
    "codes": "CODE",
    "day": "DAY",
    "instant": "T",
    "number": "N",
    "text": "TEXT",
    "json": "JSON",
}


def add_command_verbs(verbs: "Verbs[argparse.ArgumentParser]", group: CommandGroup) -> None:
    """Add a verb for each command of the group."""
    for shape in COMMANDS:
        if shape.KIND.name == group.kind:
            _add(verbs, group, shape)


def flag_of(shape: type[Command], field: CommandField) -> str:
    """Return the flag of a field without its dashes, such as ``requester-person``."""
    path = ".".join(field.path)
    whole, member = ".".join(field.path[:-1]), field.path[-1]
    if path in shape.FLAGS:
        return shape.FLAGS[path]
    outer = shape.FLAGS.get(whole, whole).replace("_", "-")
    name = member.replace("_", "-")
    if not outer:
        return name
    return outer if name == "organisation" else f"{outer}-{name}"


def _add(
    verbs: "Verbs[argparse.ArgumentParser]", group: CommandGroup, shape: type[Command]
) -> None:
    verb = add_verb(
        verbs, shape.VERB.replace("_", "-"), "command:command_given", _first_sentence(shape)
    )
    verb.set_defaults(command=(group.kind, shape.VERB))
    if "record" in shape.model_fields:
        verb.add_argument(
            "patient", metavar="PATIENT", help="a patient id, or AUTHORITY|IDENTIFIER"
        )
        verb.add_argument(
            "--mode",
            choices=["P", "T", "D"],
            default="P",
            help="processing mode of a new person",
        )
        verb.add_argument(
            "--new-person",
            action="store_true",
            help="the person is new: no message has named the number yet",
        )
    if shape.BEGINS:
        verb.add_argument("--id", type=id_of, metavar="UUID", help=f"id of the new {group.noun}")
    else:
        verb.add_argument(
            "stream", type=id_of, metavar=group.metavar,
            help=f"id of the {group.noun}",
        )  # fmt: skip
    for field in fields_of(shape):
        _add_field(verb, shape, field)
    add_caller(verb, group.noun)


def _first_sentence(shape: type[Command]) -> str:
    words = " ".join((shape.__doc__ or "").split()).partition(". ")[0].rstrip(".")
    return words[:1].lower() + words[1:]


def _add_field(verb: argparse.ArgumentParser, shape: type[Command], field: CommandField) -> None:
    name = ".".join(field.path)
    if name == "event_id":
        verb.add_argument(name, type=id_of, metavar="EVENT", help="event id, as `show` prints it")
        return
    if name == "item":
        verb.add_argument(name, metavar="ITEM", help="id of the item, as `work ls` prints it")
        return
    if name == "encounter":
        verb.add_argument(
            name,
            type=id_of,
            metavar="ENCOUNTER",
            help="id of the encounter, or of a statement of it",
        )
        return
    flag = f"--{flag_of(shape, field)}"
    words = field.words
    if field.kind == "yes_or_no":
        verb.add_argument(
            flag, dest=name, action=argparse.BooleanOptionalAction, default=None,
            required=field.required, help=words,
        )  # fmt: skip
        return
    if field.kind == "text":
        words += "; - reads it from standard input"
    if field.kind == "json":
        words += "; JSON, or @FILE"
    if field.kind in {"codes", "choices"}:
        words += "; repeat the flag for more"
    if field.kind == "choice" and field.default:
        words += f"; {field.default} if not given"
    verb.add_argument(
        flag,
        dest=name,
        type=_PARSED.get(field.kind, str),
        choices=field.choices or None,
        action="append" if field.kind in {"codes", "choices"} else "store",
        required=field.required,
        metavar=_SHOWN.get(field.kind),
        help=words.replace("%", "%%"),
    )
