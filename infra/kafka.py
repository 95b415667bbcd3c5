"""Talk to Kafka; all other code sees only the ports in ``commands.ports.topic``.

Every wait has a limit. After any error the client is thrown away, because an idempotent producer
whose batch has expired never sends again and reports nothing (kafka-python 3.0).
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from kafka import TopicPartition
from kafka.errors import KafkaError, KafkaTimeoutError, NoError

from commands.ports.topic import Extent, Link, TopicUnavailable
from domain.body import RecordedEvent
from infra.cloud_events import (
    decode_link,
    decode_value,
    encode_headers,
    encode_value,
    milliseconds,
)
from infra.kafka_access import Brokers
from infra.kafka_clients import (
    ANSWER,
    CLOSE,
    DELIVERY,
    admin,
    consumer,
    failing_as_unavailable,
    producer,
    require_fast_checksums,
    throw_away,
    wait_for_port,
)
from infra.record_mac import RecordMac
from infra.refused_records import OnRefused, RefusalCollector

_LOOK: Final = 2.0  # seconds without an answer, after which we check that the topic still exists
_ROUND: Final = 0.2  # seconds of one poll


@contextmanager
def _undisturbed(producer: Any) -> Iterator[None]:
    """Keep the producer's thread asleep inside the block; the flush afterwards wakes it.

    Otherwise the first record of each partition would wake it, which costs time.
    """
    sender = producer._sender  # noqa: SLF001 - no public way
    sender.wakeup = lambda: None
    try:
        yield
    finally:
        del sender.wakeup  # the method of its class is used again


class EventTopic:
    """Read and publish events on one topic: a ``commands.ports.topic.Topic``, for one thread."""

    def __init__(
        self,
        brokers: Brokers,
        name: str,
        *,
        incarnation: str,
        mac: RecordMac,
        create: Callable[[], object],
        on_refused: OnRefused = lambda _refused: None,
    ) -> None:
        """Remember where the topic is; the first call of a method connects.

        Args:
            brokers: Where the brokers are.
            name: The name of the topic.
            incarnation: The incarnation of the store whose events are published.
            mac: Authenticates the records.
            create: Creates the topic; called if it does not exist.
            on_refused: Called with records that this installation did not publish.
        """
        require_fast_checksums()
        self.name = name
        self._brokers = brokers
        self._incarnation = incarnation.encode()
        self._create = create
        self._mac = mac
        self._refusals = RefusalCollector(name, on_refused)
        self._admin: Any = None
        self._reader: Any = None
        self._sender: Any = None
        self._sending_to = ""  # id of the topic that the producer was made for

    def identity(self) -> str:
        """Return the id that Kafka gave this topic; create the topic if it does not exist."""
        with self._clients():
            if (found := self._topic_id()) is None:
                self._create()
                found = self._topic_id()
            if found is None:
                raise TopicUnavailable(f"the topic {self.name} does not exist")
            return found

    def extents(self) -> dict[int, Extent]:
        """Return the first and the next offset of each partition."""
        with self._clients():
            reader = self._reading()
            numbers = reader.partitions_for_topic(self.name)
            if not numbers:
                raise TopicUnavailable(f"the topic {self.name} does not exist")
            places = [TopicPartition(self.name, number) for number in sorted(numbers)]
            begins = reader.beginning_offsets(places)
            ends = reader.end_offsets(places)
            return {place.partition: Extent(begins[place], ends[place]) for place in places}

    def links(self, spans: Mapping[int, Extent]) -> Iterator[Link]:
        """Yield the chain links in the headers of these records, in order within each partition.

        The index of a link is 0 if this installation did not publish the record.
        """
        for record, is_ours in self._checked(spans):
            headers = record.headers if is_ours else ()
            yield decode_link(record.partition, record.offset, headers)

    def events(
        self, spans: Mapping[int, Extent]
    ) -> Iterator[tuple[int, int, RecordedEvent | None]]:
        """Yield partition, offset and event of these records, in order within each partition.

        The event is None if this installation did not publish the record.
        """
        for record, is_ours in self._checked(spans):
            event = decode_value(record.value) if is_ours else None
            yield record.partition, record.offset, event

    def publish(self, events: Sequence[RecordedEvent]) -> list[int]:
        """Send all events; return their offsets once all in-sync replicas have all of them.

        Raises:
            TopicUnavailable: Some or all of the events may be in the topic; no more are sent.
        """
        with self._clients():
            if self._sender is None:
                self._sending_to = self.identity()
                self._sender = producer(self._brokers)
            with _undisturbed(self._sender):
                waiting = [self._send(event) for event in events]
            self._await_answers()
            return [future.get(timeout=ANSWER).offset for future in waiting]

    def close(self) -> None:
        """Close all clients; the next call makes new ones."""
        sender, self._sender = self._sender, None
        reader, self._reader = self._reader, None
        manager, self._admin = self._admin, None
        if sender is not None:
            throw_away(sender)
        with suppress(KafkaError):
            if reader is not None:
                reader.close(timeout_ms=int(CLOSE * 1000))
        with suppress(KafkaError):
            if manager is not None:
                manager.close()

    def _send(self, event: RecordedEvent) -> Any:
        envelope = event.envelope
        key, value = envelope.stream.encode(), encode_value(event)
        headers = encode_headers(envelope, self._incarnation)
        mac = self._mac.header(self.name, envelope.partition, key=key, value=value, headers=headers)
        return self._sender.send(
            self.name,
            value=value,
            key=key,
            headers=[*headers, mac],
            partition=envelope.partition,
            timestamp_ms=milliseconds(envelope.recorded_at),
        )

    def _topic_id(self) -> str | None:
        if self._admin is None:
            self._admin = admin(self._brokers)
        (described,) = self._admin.describe_topics([self.name])
        exists = described["error_code"] == NoError.errno
        return str(described["topic_id"]) if exists else None

    def _await_answers(self) -> None:
        """Return when every record that was sent is acknowledged.

        If the topic was deleted, the producer would wait until its own timeout. So we check every
        few seconds whether the topic still exists.
        """
        deadline = time.monotonic() + DELIVERY + ANSWER
        while True:
            try:
                self._sender.flush(timeout=_LOOK)
            except KafkaTimeoutError:
                if time.monotonic() > deadline:
                    raise
            else:
                return
            found: str | None = self._sending_to
            with suppress(KafkaError, TopicUnavailable):  # the broker may be restarting
                wait_for_port(self._brokers, timeout=0)
                found = self._topic_id()
            if found != self._sending_to:
                raise TopicUnavailable(f"the topic {self.name} was deleted")

    @contextmanager
    def _clients(self) -> Iterator[None]:
        """Throw the clients away after any error."""
        try:
            with failing_as_unavailable():
                yield
        except TopicUnavailable:
            self.close()
            raise

    def _reading(self) -> Any:
        if self._reader is None:
            self._reader = consumer(self._brokers, max_poll_records=4000)
        return self._reader

    def _checked(self, spans: Mapping[int, Extent]) -> Iterator[tuple[Any, bool]]:
        """Yield these records, each with whether this installation has published it."""
        forgery = self._mac.forgery
        try:
            for record in self._records(spans):
                reason = forgery(record)
                if reason is not None:
                    self._refusals.add(record.partition, record.offset, reason)
                yield record, reason is None
        finally:
            self._refusals.report()

    def _records(self, spans: Mapping[int, Extent]) -> Iterator[Any]:
        left = {
            TopicPartition(self.name, partition): span.end
            for partition, span in spans.items()
            if span.begin < span.end
        }
        if not left:
            return
        with self._clients():
            reader = self._reading()
            reader.assign(list(left))
            reader.resume(*left)
            for place in left:
                reader.seek(place, spans[place.partition].begin)
            last_record = time.monotonic()
            while left:
                polled = reader.poll(timeout_ms=int(_ROUND * 1000))
                for place, records in polled.items():
                    last_record = time.monotonic()
                    if (end := left.get(place)) is None:
                        continue
                    yield from (record for record in records if record.offset < end)
                    if reader.position(place) >= end:
                        del left[place]
                        reader.pause(place)
                if time.monotonic() - last_record > ANSWER:
                    raise TopicUnavailable(f"no record of {self.name} came in {ANSWER:.0f} s")
