"""``referral``: commands on referrals, and what the read model shows of them."""

import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from caretrail.bootstrap import Application
from caretrail.cli.home import catch_up, open_home, open_home_reader
from caretrail.cli.output import columns, json_line, json_lines, line, note, to_the_second
from caretrail.failure import Failed
from caretrail.readers import open_reader
from caretrail.reading.contract import referral_json, referral_reading_json
from commands import accept_referral, close_referral, request_referral, void_referral_event
from commands.accept_referral import AcceptReferral
from commands.close_referral import CloseReferral
from commands.decisions import Caller, Command, Decisions
from commands.ports.streams import CommandOutcome
from commands.request_referral import RequestReferral
from commands.void_referral_event import VoidReferralEvent
from domain.body import Actor
from domain.errors import UnknownStream
from domain.ids import RecordId, StreamId

C = TypeVar("C", bound=Command)
Handle = Callable[[C, Caller, Decisions], CommandOutcome]


def referral_request(options: Namespace) -> None:
    """Request a referral."""
    with open_home() as application:
        record, mode = _record_of(application, options.patient, options.mode)
        command = _command(
            RequestReferral,
            stream=options.id or _new_stream(application, options),
            record=record,
            mode=mode,
            anchor=options.anchor,
            requester={
                "organisation": options.requester,
                "person": options.requester_person,
            },
            target={
                "organisation": options.target,
                "person": options.target_person,
                "pool": options.target_pool,
            },
            service=options.service,
            specialty=options.specialty,
            urgency=options.urgency,
            category=options.category,
            needed_by=options.needed_by,
            expires_on=options.expires_on,
            happened_at=options.happened_at,
            question=_text(options.question),
        )
        _give(options, application, command, request_referral.handle)


def referral_accept(options: Namespace) -> None:
    """Accept a referral."""
    with open_home() as application:
        command = _command(
            AcceptReferral,
            stream=options.stream,
            by={"organisation": options.by, "person": options.by_person},
            expected_by=options.expected_by,
            happened_at=options.happened_at,
            note=_text(options.note),
        )
        _give(options, application, command, accept_referral.handle)


def referral_close(options: Namespace) -> None:
    """Close a referral."""
    outcome = {"how": options.outcome, "document": options.document} if options.outcome else None
    with open_home() as application:
        command = _command(
            CloseReferral,
            stream=options.stream,
            acknowledged_by={"organisation": options.by, "person": options.by_person},
            need_met=options.need_met,
            plan_told_to_patient_on=options.told_on,
            outcome=outcome,
            happened_at=options.happened_at,
            note=_text(options.note),
        )
        _give(options, application, command, close_referral.handle)


def referral_void(options: Namespace) -> None:
    """Mark an entry of a referral as entered in error."""
    with open_home() as application:
        command = _command(
            VoidReferralEvent,
            stream=options.stream,
            event_id=options.event,
            reason_code=options.reason,
            happened_at=options.happened_at,
            note=_text(options.note),
        )
        _give(options, application, command, void_referral_event.handle)


def referral_show(options: Namespace) -> None:
    """Show one referral and its entries."""
    with open_home_reader() as reader:
        reading = reader.referral(StreamId(options.stream))
    if reading is None:
        raise UnknownStream(StreamId(options.stream))
    shown = referral_reading_json(reading)
    if options.json:
        json_line(shown)
        return
    line(f"referral {shown['stream_id']}, version {shown['version']}: {shown['state']}")
    line(f"patient {shown['patient_id']}")
    line()
    columns(
        ("happened", "recorded", "what", "event", ""),
        [
            (
                to_the_second(each["happened_at"]),
                to_the_second(each["recorded_at"]),
                each["summary"],
                each["event_id"],
                "entered in error" if each["voided"] else "",
            )
            for each in shown["entries"]
        ],
    )


def referral_ls(options: Namespace) -> None:
    """List referrals."""
    with open_home_reader() as reader:
        patient = None
        if options.patient:
            patient = reader.resolve(options.patient)
            if patient is None:
                raise Failed(_NO_PATIENT)
        found = reader.referrals(state=options.state, patient=patient, limit=options.limit)
    shown = [referral_json(each) for each in found]
    if options.json:
        json_lines(shown)
        return
    columns(
        ("referral", "state", "requested", "from", "to", "for", "urgency", "patient"),
        [
            (
                each["stream_id"],
                each["state"],
                to_the_second(each["requested_at"]),
                each["requester"]["organisation"],
                each["target"]["organisation"] or each["target"]["pool"],
                each["service"] or each["specialty"],
                each["urgency"],
                each["patient_id"],
            )
            for each in shown
        ],
    )


_NO_PATIENT = (
    "no such patient. Write a patient id or AUTHORITY|IDENTIFIER, as `caretrail patients ls`"
    " lists them"
)


def _command(shape: type[C], **fields: object) -> C:
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


def _give(options: Namespace, application: Application, command: C, handle: Handle[C]) -> None:
    """Give the command, wait until the read models hold it, and print what it recorded."""
    caller = Caller(
        actor=_actor(options), key=options.key, expected_version=options.expected_version
    )
    outcome = handle(command, caller, application.decisions)
    catch_up(application)
    if options.json:
        json_line(outcome_json(outcome))
        return
    line(f"referral {outcome.stream}, version {outcome.version}")
    for each in outcome.events:
        line(f"{each.topic} is event {each.index}, {each.event_id}")
    if outcome.repeated:
        line("this key was used before: nothing was recorded now")
    elif not outcome.events:
        line("nothing was recorded: the referral says so already")


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
    }


def _actor(options: Namespace) -> Actor:
    return Actor(kind="person", issuer="cli", subject=options.actor, purpose=options.purpose)


def _new_stream(application: Application, options: Namespace) -> StreamId:
    """Return the id of a new referral: of the key, so that a repeated command has the same."""
    if options.key:
        return application.id_key.stream("referral", options.actor, options.key)
    return StreamId(application.decisions.new_id())


def _record_of(application: Application, text: str, mode: str) -> tuple[RecordId, str]:
    """Return the source record that ``text`` names, and its processing mode.

    Raises:
        Failed: ``text`` is an id of no patient.
    """
    catch_up(application)
    with open_reader(application) as reader:
        found = reader.record_named(text)
    if found is not None:
        return found
    authority, bar, identifier = text.partition("|")
    if not bar:
        raise Failed(_NO_PATIENT)
    note("caretrail: no message named this patient yet; the referral waits for the first one")
    return application.id_key.record(authority, identifier, mode), mode  # type: ignore[arg-type]  # a choice of the flag


def _text(given: str) -> str:
    """Return free text; ``-`` reads it from standard input."""
    return sys.stdin.read() if given == "-" else given
