"""The reads of own streams: one stream, and two revisions of a plan."""

from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from caretrail.api.collections import Collection
from caretrail.api.incoming import Incoming, wrong_parameter
from caretrail.api.reading import AskedInstants, PersonRead, person_read, shown, wait
from caretrail.reading.contract import activity_json
from caretrail.reading.members import Json
from caretrail.reading.one_stream import read_stream
from caretrail.reading.opened_contents import opened_comparison, opened_contents
from caretrail.reading.plan_comparisons import NoSuchRevision, compared_revisions
from commands.authority import right_to_list
from commands.ports.streams import StreamOfOtherKind
from domain.care_plan import KIND as CARE_PLAN
from domain.catalogue import KINDS
from domain.errors import PurposeMissing, UnknownStream
from domain.ids import StreamId


class AskedComparison(AskedInstants):
    """Two revisions of a care plan."""

    earlier: Annotated[
        int | None,
        Field(ge=0, le=100_000, description="number of a revision; the one before if not given"),
    ] = None
    later: Annotated[
        int | None,
        Field(ge=0, le=100_000, description="number of a revision; the last one if not given"),
    ] = None


def stream(incoming: Incoming, collection: Collection) -> Response:
    """Answer with one own stream and its entries."""
    asked = incoming.asked(AskedInstants)
    wait(incoming, asked.wait_for)
    wanted = StreamId(incoming.path["stream"])
    read = _stream_read(incoming, collection.kind, wanted)
    now = asked.as_of is None and asked.known_at is None
    found = _stream(read, asked, collection, wanted)
    if found is None:
        raise UnknownStream(wanted)
    headers = {"ETag": f'"{found["version"]}"'} if now and "version" in found else None
    return shown(incoming, found, right=read.right, patients=[read.patient], headers=headers)


def comparison(incoming: Incoming) -> Response:
    """Answer with what differs between two revisions of a care plan."""
    asked = incoming.asked(AskedComparison)
    wait(incoming, asked.wait_for)
    wanted = StreamId(incoming.path["stream"])
    read = _stream_read(incoming, CARE_PLAN.name, wanted)
    with read.reader.past(
        as_of=asked.as_of_instant, known_at=asked.known_at_position, stream=wanted
    ) as past:
        try:
            both = compared_revisions(
                past.connection, wanted, asked.earlier, asked.later, clocks=past.clocks
            )
        except NoSuchRevision as error:
            known = ", ".join(map(str, error.known)) or "none"
            name = "later" if error.number == asked.later else "earlier"
            message = f"the plan has no revision {error.number}; it has: {known}"
            raise wrong_parameter(name, message) from None
        found = opened_comparison(read.reader, both, wanted, past.clocks)
    return shown(incoming, found, right=read.right, patients=[read.patient])


def _stream_read(incoming: Incoming, kind: str, wanted: StreamId) -> PersonRead:
    """Return the read of the patient of a stream, if the person may read the patient.

    Raises:
        UnknownStream: There is no such stream of the kind.
        DomainError: The person may not read the patient.
    """
    if not incoming.purpose:
        raise PurposeMissing
    # A role that may read no patient learns nothing about which streams exist.
    right_to_list(incoming.user.authority, reason="")
    try:
        history = incoming.services.decisions.streams.read(wanted)
    except StreamOfOtherKind:
        history = ()
    record = next((each.event.record for each in history if each.event.record), None)
    if record is None or not isinstance(history[0].event, KINDS[kind].events):
        raise UnknownStream(wanted)
    return person_read(incoming, record, new=record)


def _stream(
    read: PersonRead, asked: AskedInstants, collection: Collection, wanted: StreamId
) -> Json | None:
    """Return an own stream with its entries, and with what the person may see of its contents."""
    with read.reader.past(
        as_of=asked.as_of_instant, known_at=asked.known_at_position, stream=wanted
    ) as past:
        found = read_stream(past.connection, wanted, past)
        if found is None:
            return None
        opened = opened_contents(read.reader, collection.kind, wanted, past.clocks)
    entries = [activity_json(each) for each in found.entries]
    return {**found.members, **opened, "entries": entries}
