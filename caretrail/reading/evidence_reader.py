"""Read the received messages behind events, and mark the fields that were used."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

from caretrail.reading.evidence import Archive, Evidence, NotAMessage, as_text, decode
from caretrail.reading.patient_index import Database
from domain.segments import SegmentDoesNotOpen
from domain.statement import Statement
from infra.messages import ListedMessage, NoSuchMessage
from projections import audit_trail
from projections.audit_trail import EventRow
from projections.engine.substrate import filed_of


class EvidenceReader:
    """Finds the evidence for events. Threads may share it: each call has a connection."""

    def __init__(
        self, connections: Callable[[], AbstractContextManager[Database]], archive: Archive
    ) -> None:
        """Take the connections to the read models, and the received messages."""
        self._connections = connections
        self._archive = archive

    def behind(self, opaque: str) -> Evidence | None:
        """Return the message behind an event id, a statement ref or a message id."""
        with self._connections() as connection:
            event = audit_trail.event(connection, opaque)
            message_id = event.message_id if event else opaque
            events = audit_trail.events_of_message(connection, message_id) if message_id else []
            events = events or ([event] if event else [])
            statement = self._statement(connection, event or (events[0] if events else None))
        message = self._received(message_id) if message_id else None
        if message is None and not events:
            return None
        evidence = Evidence(message=message, events=tuple(events), lines=(), used=())
        return self._opened(evidence, statement) if message else evidence

    def of_message(self, message_id: str, statement: Statement) -> Evidence:
        """Return a message; the fields that ``statement`` was read from are marked."""
        evidence = Evidence(message=self._received(message_id), events=(), lines=(), used=())
        return self._opened(evidence, statement)

    def _received(self, message_id: str) -> ListedMessage | None:
        try:
            return self._archive.message(message_id)
        except NoSuchMessage:
            return None

    def _opened(self, evidence: Evidence, statement: Statement | None) -> Evidence:
        if evidence.message is None:
            return evidence
        try:
            raw = self._archive.raw(evidence.message.message_id)
        except SegmentDoesNotOpen:
            return replace(evidence, readable=False)
        try:
            lines, used = decode(raw, statement)
        except NotAMessage:
            return replace(evidence, lines=as_text(raw))
        return replace(evidence, lines=lines, used=used)

    def _statement(self, connection: Database, event: EventRow | None) -> Statement | None:
        if event is None:
            return None
        behind = filed_of(connection, [event.record_id], upto=event.source_position)
        return next((one.statement for one in behind if one.index == event.source_position), None)
