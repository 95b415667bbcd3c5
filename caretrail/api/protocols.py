"""The protocols through the API. They are about no patient, so every role may read them."""

import orjson
from starlette.responses import Response

from caretrail.api.incoming import Incoming
from caretrail.api.reading import AskedInstants, page, wait
from caretrail.reading.members import Json
from caretrail.reading.past_courses import known_publications
from caretrail.reading.protocols import publications_json
from domain.catalogue import own_event
from domain.errors import PurposeMissing, UnknownEvent
from domain.ids import EventId
from domain.protocol import KIND, ProtocolHistory, ProtocolPublished, stream_of_protocols


class AskedProtocols(AskedInstants):
    """The instants of an answer about protocols: which one is in force, and what was recorded."""


def protocols(incoming: Incoming) -> Response:
    """Answer with the protocols that were published, without their content."""
    asked = _asked(incoming)
    at = asked.as_of_instant or incoming.services.now()
    return _answer(page(publications_json(_history(incoming, asked), at), after=""))


def protocol(incoming: Incoming) -> Response:
    """Answer with one published protocol and its content.

    Raises:
        UnknownEvent: The event published no protocol.
    """
    asked, wanted = _asked(incoming), EventId(incoming.path["event"])
    at = asked.as_of_instant or incoming.services.now()
    history = _history(incoming, asked)
    about = {each["event_id"]: each for each in publications_json(history, at)}
    for each in history:
        if each.event_id == wanted and isinstance(each.event, ProtocolPublished):
            return _answer({**about[wanted], "content": each.event.content})
    raise UnknownEvent(wanted)


def _asked(incoming: Incoming) -> AskedProtocols:
    """Return what is asked, after the wait that the caller asks for.

    Raises:
        PurposeMissing: The request states no purpose.
    """
    if not incoming.purpose:
        raise PurposeMissing
    asked = incoming.asked(AskedProtocols)
    wait(incoming, asked.wait_for)
    return asked


def _history(incoming: Incoming, asked: AskedProtocols) -> ProtocolHistory:
    """Return the publications that were known at the instant that is asked for; None: all."""
    services = incoming.services
    if asked.known_at_position is not None:
        with services.reader.past(known_at=asked.known_at_position) as then:
            return known_publications(then.connection, then.clocks, own_event)
    stream = stream_of_protocols(services.id_key)
    return KIND.history(stream, services.decisions.streams.read(stream))


def _answer(document: Json) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")
