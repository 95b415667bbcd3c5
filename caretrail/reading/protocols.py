"""Protocols as the command line and the pages show them: what was published, and from when."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from caretrail.reading.members import Json, instant
from caretrail.reading.own_stream import OwnStream, StreamSummary, error_words
from caretrail.reading.wording import EntryWords
from domain.decider import StreamEvent, fold
from domain.ids import EncounterId, EventId, PatientId, RecordId, StatementRef, StreamId
from domain.protocol import (
    PROTOCOL,
    ProtocolEvent,
    ProtocolHistory,
    ProtocolPublished,
    Publications,
    protocols_of,
)
from domain.rules import parse_protocol


def publications_json(history: ProtocolHistory, at: datetime) -> list[Json]:
    """Return the protocols that were published, in that order, without their content.

    Args:
        history: The events of the stream of protocols.
        at: The instant at which one of them is in force.
    """
    if not history:
        return []
    folded = fold(PROTOCOL, history)
    in_force = protocols_of(history).at(at).version
    shown = []
    for each in history:
        event = each.event
        if isinstance(event, ProtocolPublished):
            void = folded.void.get(each.event_id)
            shown.append(
                {
                    **_about(event),
                    "event_id": each.event_id,
                    "published_at": instant(event.happened_at.at),
                    "in_force": void is None and event.version == in_force,
                    "voided_by": void,
                }
            )
    return shown


def publication_of(history: ProtocolHistory, version: str) -> StreamEvent[ProtocolEvent] | None:
    """Return the publication of a version; the beginning of the version is enough.

    None: no protocol, or more than one, has such a version.
    """
    found = {
        each.event.version: each
        for each in history
        if isinstance(each.event, ProtocolPublished) and each.event.version.startswith(version)
    }
    return next(iter(found.values())) if len(found) == 1 else None


def _about(event: ProtocolPublished) -> Json:
    return {
        "version": event.version,
        "name": parse_protocol(event.content).name,
        "effective_from": instant(event.effective_from),
    }


def _summary(
    stream: StreamId,
    history: ProtocolHistory,
    /,
    *,
    patient_of: Callable[[RecordId], PatientId],  # noqa: ARG001 - a protocol names no patient
    encounter_of: Callable[[StatementRef | None], EncounterId | None],  # noqa: ARG001
) -> StreamSummary:
    published = fold(PROTOCOL, history).state.published
    members = {
        "stream_id": stream,
        "state": "published" if published else "entered_in_error",
        "version": len(history),
        "published": [_about(each) for each in published],
    }
    began = min(each.event.happened_at.at for each in history)
    return StreamSummary(began_at=began, members=members)


def _words(event: ProtocolEvent, event_of: Callable[[EventId], ProtocolEvent | None]) -> EntryWords:
    if not isinstance(event, ProtocolPublished):
        return error_words("Protocol", event, event_of)
    since = event.effective_from
    start = "the beginning" if since is None else f"{since:%Y-%m-%d %H:%M} UTC"
    name = parse_protocol(event.content).name
    rest = f"{name}, version {event.version}, in force from {start}"
    return EntryWords(kind=event.move(), head="Protocol published", rest=rest)


def _organisation(event: ProtocolEvent) -> str:  # noqa: ARG001 - none is stated
    return ""


PROTOCOLS: Final = OwnStream[Publications, ProtocolEvent](
    kind="protocol",
    icon="admin",
    decider=PROTOCOL,
    begins=ProtocolPublished,
    words=_words,
    organisation=_organisation,
    summarise=_summary,
)
