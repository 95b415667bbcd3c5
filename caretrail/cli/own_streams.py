"""Give a command on an own stream, such as a referral, from the command line."""

import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from caretrail.bootstrap import Application
from caretrail.cli.home import catch_up_to_read, open_home_reader
from caretrail.cli.output import json_line, line
from caretrail.cli.patients import shared_number_listed
from caretrail.failure import Failed
from caretrail.named_person import NamedPerson, named_person
from caretrail.readers import open_reader
from caretrail.reading.past_rows import PastRows
from commands.authority import Authority
from commands.command import Command
from commands.decisions import Caller
from commands.permissions import Role
from commands.ports.streams import CommandOutcome
from domain.body import Actor
from domain.ids import PatientId, StreamId

C = TypeVar("C", bound=Command)

NO_PATIENT = (
    "no such patient. Write a patient id or AUTHORITY|IDENTIFIER, as `caretrail patients ls`"
    " lists them"
)


def command_of(shape: type[C], **fields: object) -> C:
    """Return the command.

    Raises:
        Failed: A field has the wrong shape. The text names the field and not its value.
    """
    try:
        return shape.model_validate(_stated(fields))
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)[0]
        name = ".".join(map(str, wrong["loc"])).replace("_", " ")
        raise Failed(f"{name}: {wrong['msg']}") from None


def _stated(fields: Mapping[str, object]) -> dict[str, object]:
    """Return the fields that the options state."""
    return {
        name: _stated(value) if isinstance(value, dict) else value
        for name, value in fields.items()
        if value is not None
    }


def give(
    options: Namespace,
    application: Application,
    command: Command,
    *,
    noticed: Sequence[str] = (),
) -> None:
    """Give the command, wait until the read models hold it, and print what it recorded."""
    caller = Caller(
        actor=_actor(options),
        key=options.key,
        expected_version=options.expected_version,
        authority=_authority(options),
    )
    outcome = application.decisions.record(command, caller, noticed=noticed)
    catch_up_to_read(application)
    if options.json:
        json_line(outcome_json(outcome))
        return
    line(f"{options.noun} {outcome.stream}, version {outcome.version}")
    for each in outcome.events:
        line(f"{each.topic} is event {each.index}, {each.event_id}")
    for warning in outcome.warnings:
        line(f"warning: {warning.replace('_', ' ')}")
    if outcome.repeated:
        line("this key was used before: nothing was recorded now")
    elif not outcome.events:
        line(f"nothing was recorded: the {options.noun} says so already")


def outcome_json(outcome: CommandOutcome) -> dict[str, Any]:
    """Return what a command recorded, as JSON."""
    return {
        "stream_id": outcome.stream,
        "version": outcome.version,
        "events": [
            {
                "index": each.index,
                "event_id": each.event_id,
                "topic": each.topic,
                "version": each.version,
            }
            for each in outcome.events
        ],
        "repeated": outcome.repeated,
        "warnings": list(outcome.warnings),
    }


def _authority(options: Namespace) -> Authority | None:
    """Return what the person may do; None if no role is stated."""
    if not options.as_role:
        return None
    return Authority(
        roles=tuple(map(Role, options.as_role)),
        organisations=frozenset(options.as_organisation or ()),
    )


def _actor(options: Namespace) -> Actor:
    return Actor(kind="person", issuer="cli", subject=options.actor, purpose=options.purpose)


def new_stream(application: Application, options: Namespace, kind: str) -> StreamId:
    """Return the id of a new stream: of the key, so that a repeated command has the same."""
    if options.key:
        return application.id_key.stream(kind, options.actor, options.key)
    return StreamId(application.decisions.new_id())


def person_of(application: Application, options: Namespace) -> NamedPerson:
    """Return the person that the options name.

    If several patients have the number, they are listed, as JSON if the options ask for it.

    Raises:
        UnknownPerson: See ``named_person``.
        Failed: Several patients have the number.
    """
    catch_up_to_read(application)
    with open_reader(application) as reader, shared_number_listed(as_json=options.json):
        return named_person(
            reader,
            application.id_key,
            options.patient,
            mode=options.mode,
            new_person=options.new_person,
        )


@contextmanager
def listed_at(
    options: Namespace, *, states_periods: bool = False
) -> Iterator[tuple[PastRows, PatientId | None, datetime]]:
    """Lend the relations of a list at the instants of the options.

    Beside them are the patient that the options name, and the instant of the list.

    Args:
        options: The options of the verb.
        states_periods: See ``Listing``.

    Raises:
        Failed: The options name a patient that does not exist.
    """
    with open_home_reader() as reader, shared_number_listed(as_json=options.json):
        found = reader.record_named(options.patient) if options.patient else None
        if options.patient and found is None:
            raise Failed(NO_PATIENT)
        with reader.past(
            as_of=None if states_periods else options.as_of,
            known_at=options.known_at,
            records=[found[0]] if found else None,
        ) as past:
            at = options.as_of or reader.present()
            yield past, past.patient_of(found[0]) if found else None, at


def text_of(given: str) -> str:
    """Return free text; ``-`` reads it from standard input."""
    return sys.stdin.read() if given == "-" else given
