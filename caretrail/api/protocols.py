"""The protocols through the API. They are about no patient, so every role may read them."""

from datetime import datetime
from typing import Annotated

import orjson
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from caretrail.api.incoming import Incoming
from caretrail.api.reading import AskedTime, page
from caretrail.reading.members import Json
from caretrail.reading.protocols import publications_json
from caretrail.stated_times import asked_time
from domain.errors import PurposeMissing, UnknownEvent
from domain.ids import EventId
from domain.protocol import KIND, ProtocolHistory, ProtocolPublished, stream_of_protocols


class AskedProtocols(BaseModel):
    """The instant at which one of the protocols is in force."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    as_of: Annotated[
        AskedTime,
        Field(
            description="which one is in force at this time (RFC 3339); now if not given",
            examples=["2026-03-02T14:05:00Z"],
        ),
    ] = None


def protocols(incoming: Incoming) -> Response:
    """Answer with the protocols that were published, without their content."""
    at = _asked_instant(incoming)
    return _answer(page(publications_json(_history(incoming), at), after=""))


def protocol(incoming: Incoming) -> Response:
    """Answer with one published protocol and its content.

    Raises:
        UnknownEvent: The event published no protocol.
    """
    at, wanted = _asked_instant(incoming), EventId(incoming.path["event"])
    history = _history(incoming)
    about = {each["event_id"]: each for each in publications_json(history, at)}
    for each in history:
        if each.event_id == wanted and isinstance(each.event, ProtocolPublished):
            return _answer({**about[wanted], "content": each.event.content})
    raise UnknownEvent(wanted)


def _asked_instant(incoming: Incoming) -> datetime:
    """Return the instant at which one protocol is in force.

    Raises:
        PurposeMissing: The request states no purpose.
    """
    if not incoming.purpose:
        raise PurposeMissing
    as_of = incoming.asked(AskedProtocols).as_of
    return asked_time(as_of) if as_of else incoming.services.now()


def _history(incoming: Incoming) -> ProtocolHistory:
    services = incoming.services
    stream = stream_of_protocols(services.id_key)
    return KIND.history(stream, services.decisions.streams.read(stream))


def _answer(document: Json) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")
