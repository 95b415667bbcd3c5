"""Give a command on an own stream."""

import json
from argparse import Namespace
from pathlib import Path

from caretrail.cli.home import open_home
from caretrail.cli.own_streams import command_of, give, new_stream, person_of, text_of
from caretrail.failure import Failed
from commands.catalogue import BY_VERB
from commands.catalogue.fields import CommandField, fields_of, filled


def command_given(options: Namespace) -> None:
    """Give the command that the verb names."""
    shape = BY_VERB[options.command]
    with open_home() as application:
        noticed: tuple[str, ...] = ()
        members = filled({field.path: _value(options, field) for field in fields_of(shape)})
        if "record" in shape.model_fields:
            person = person_of(application, options)
            members["record"], members["mode"] = person.record, person.mode
            noticed = person.warnings
        if shape.BEGINS:
            members["stream"] = (
                options.id
                or shape.stream_of(application.id_key, members)
                or new_stream(application, options, shape.KIND.name)
            )
        else:
            members["stream"] = options.stream
        members["happened_at"] = options.happened_at
        give(options, application, command_of(shape, **members), noticed=noticed)


def _value(options: Namespace, field: CommandField) -> object:
    name = ".".join(field.path)
    given = getattr(options, name)
    if given is None:
        return None
    if field.kind == "text":
        return text_of(given)
    if field.kind != "json":
        return given
    try:
        text = Path(given[1:]).read_text("utf-8") if given.startswith("@") else given
        return json.loads(text)
    except ValueError:
        raise Failed(f"{name.replace('_', ' ')}: this is not valid JSON") from None
