"""Give a command through the API: read the body, decide, and answer with what was recorded."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeGuard, get_args

import orjson
from pydantic import ValidationError
from starlette.responses import Response

from caretrail.actors.accesses import ReadRequest
from caretrail.api.collections import CommandRoute
from caretrail.api.incoming import Incoming, code_of_body, invalid
from caretrail.api.problems import FieldError, FieldErrors, Problem, refused
from caretrail.named_person import NamedPerson, RecordsNamed, named_person
from caretrail.reading.contract import patients_json
from caretrail.reading.listing import NumberShared
from caretrail.stated_times import NotStated, stated_moment
from commands.authority import right_to_list
from commands.command import Command
from commands.decisions import Caller, GivenCommand
from commands.ports.streams import CommandOutcome
from domain.errors import PurposeMissing, UnknownPerson, VersionConflict
from domain.ids import MODES, StreamId
from domain.statement import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedCommand:
    """A request that gives a command, and the command as it is to be decided."""

    incoming: Incoming
    route: CommandRoute
    given: GivenCommand


def persons_named(given: Iterable[tuple[Incoming, CommandRoute]]) -> RecordsNamed:
    """Look up together the persons in requests. A request without the right form is left out."""
    texts, reader = set[str](), None
    for incoming, route in given:
        if "record" in route.command.model_fields:
            try:
                text = incoming.json().get("patient")
            except Problem:
                continue  # it is the answer to this request
            if _may_name(text):
                texts.add(text)
                reader = incoming.services.reader
    return reader.records_named(texts) if reader is not None else {}


def _may_name(text: object) -> TypeGuard[str]:
    """Tell whether a member of a body may name a patient."""
    return isinstance(text, str) and 0 < len(text) <= 512  # noqa: PLR2004


def posted_command(
    incoming: Incoming, route: CommandRoute, looked_up: RecordsNamed
) -> PostedCommand:
    """Return the command that a request gives.

    Args:
        incoming: The request.
        route: Its route.
        looked_up: See ``persons_named``.

    Raises:
        Problem: The request has not the right form.
        DomainError: The request states no purpose.
    """
    purpose, key = incoming.purpose, incoming.key
    if not purpose:
        raise PurposeMissing
    expected = incoming.expected_version
    command, noticed = _command(incoming, route, key, looked_up)
    caller = Caller(
        actor=incoming.user.actor(purpose=purpose),
        key=key,
        expected_version=expected,
        authority=incoming.user.authority,
    )
    return PostedCommand(
        incoming=incoming, route=route, given=GivenCommand(command, caller, tuple(noticed))
    )


def answer_of(posted: PostedCommand, outcome: CommandOutcome) -> Response:
    """Return the answer to a command that was recorded."""
    route = posted.route
    headers = {"ETag": f'"{outcome.version}"'}
    if outcome.repeated:
        headers["Idempotency-Replayed"] = "true"
    if route.creates:
        headers["Location"] = f"/api/v1/{route.collection.path}/{outcome.stream}"
    return Response(
        orjson.dumps(outcome_json(outcome)),
        status_code=201 if route.creates else 200,
        media_type="application/json",
        headers=headers,
    )


def outcome_json(outcome: CommandOutcome) -> dict[str, Any]:
    """Return what a command recorded. A repeated command gets the same."""
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
        "warnings": list(outcome.warnings),
    }


def _command(
    incoming: Incoming, route: CommandRoute, key: str, looked_up: RecordsNamed
) -> tuple[Command, list[str]]:
    """Return the command that the body states, and the warnings about it."""
    shape, members, warnings = route.command, incoming.json(), list[str]()
    _state_moments(shape, members)
    if "record" in shape.model_fields:
        person = _person(incoming, members, looked_up)
        members["record"], members["mode"] = person.record, person.mode
        warnings += person.warnings
    if route.names_stream:
        if "stream" in members:
            raise _wrong("stream", "the address names the stream")
        members["stream"] = incoming.path["stream"]
    elif "stream" not in members:
        members["stream"] = _new_stream(incoming, route, members, key)
    try:
        # Strict JSON: a number does not pass for a time, nor a text for a number.
        command = shape.model_validate_json(orjson.dumps(members), strict=True)
    except ValidationError as error:
        raise invalid(error, code=code_of_body(error), where="body") from None
    return command, warnings


def moments_of(shape: type[Command]) -> tuple[str, ...]:
    """Return the members of a command that state a time, which callers write as text."""
    return tuple(
        name
        for name, field in shape.model_fields.items()
        if field.annotation is Moment or Moment in get_args(field.annotation)
    )


def _state_moments(shape: type[Command], members: dict[str, Any]) -> None:
    """Replace the texts of times by what they state.

    Raises:
        Problem: A text is not a time.
    """
    for name in moments_of(shape):
        given = members.get(name)
        if given is None:
            continue
        try:
            if not isinstance(given, str):
                raise NotStated("write a time as 2026-03-02T14:05Z, or a day")  # noqa: TRY301
            members[name] = stated_moment(given)
        except NotStated as error:
            raise _wrong(name, error.expected) from None


def _new_stream(
    incoming: Incoming, route: CommandRoute, members: dict[str, Any], key: str
) -> StreamId:
    """Return the id of a new stream: of its content or of the key, so that a repetition has it."""
    services, user = incoming.services, incoming.user
    try:
        found = route.command.stream_of(services.id_key, members)
    except (KeyError, TypeError, ValueError, AttributeError):
        # A member is missing or has the wrong shape: the shape of the command says which.
        found = None
    if found is not None:
        return found
    if key:
        kind = route.command.KIND.name
        return services.id_key.stream(kind, user.issuer, user.subject, key)
    return StreamId(services.new_id())


def _person(incoming: Incoming, members: dict[str, Any], looked_up: RecordsNamed) -> NamedPerson:
    """Return the person that a body names.

    Raises:
        UnknownPerson: No message has named the person, and the body does not say that it is new.
        Problem: The body names the person in a wrong way, or several patients have the number.
    """
    patient, mode = members.pop("patient", None), members.pop("mode", "P")
    new_person = members.pop("new_person", False)
    if "record" in members:
        raise _wrong("record", "name the patient with patient")
    if not _may_name(patient):
        raise _wrong("patient", "write a patient id, or AUTHORITY|IDENTIFIER")
    if mode not in MODES:
        raise _wrong("mode", "write P, T or D")
    if not isinstance(new_person, bool):
        raise _wrong("new_person", "write true or false")
    if "|" not in patient and not (patient.isascii() and patient.isprintable()):
        raise UnknownPerson
    services = incoming.services
    try:
        return named_person(
            services.reader,
            services.id_key,
            patient,
            mode=mode,
            new_person=new_person,
            looked_up=looked_up,
        )
    except NumberShared as shared:
        raise several(incoming, shared) from None


def several(incoming: Incoming, shared: NumberShared) -> Problem:
    """Return the problem of a number that several patients have; it lists them.

    Raises:
        RoleNotAllowed: The person may not read patients.
        AccessNotRecorded: The list must not leave.
    """
    right = right_to_list(incoming.user.authority, reason=incoming.reason)
    patients = [each.patient_id for each in shared.patients]
    incoming.services.accesses.record(
        ReadRequest(
            person=incoming.user,
            right=right,
            purpose=incoming.purpose,
            interface="api",
            route=incoming.route,
        ),
        patients,
    )
    listed = [
        {"patient_id": each.patient_id, "mode": each.mode}
        if right.relation in {"", "core"}
        else patients_json(each)
        for each in shared.patients
    ]
    return Problem("number_of_several_patients", facts={"count": shared.count, "patients": listed})


def conflict_of(posted: PostedCommand, conflict: VersionConflict) -> Response:
    """Answer with what changed since the version that the caller has seen, so nothing is lost.

    Raises:
        StoreUnavailable: The store does not answer.
    """
    history = posted.incoming.services.decisions.streams.read(posted.given.command.stream)
    changes = [
        {"event_id": each.event_id, "version": each.version, "topic": each.event.TOPIC}
        for each in history
        if each.version > conflict.expected
    ]
    version = history[-1].version if history else 0
    return refused(conflict, facts={"actual": version, "changes": changes})


def _wrong(member: str, message: str) -> Problem:
    return Problem(
        "body_invalid", facts=FieldErrors([FieldError(f"body.{member}", message)]).facts()
    )
