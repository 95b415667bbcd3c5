"""Read the topic of events continuously, from the positions of the read models.

No offsets are committed to Kafka. The offset to start at is looked up by time: the recorded-at of
the last applied event is also the timestamp of its Kafka record. So reading goes on even after the
topic was deleted and published again with other offsets. A consumer group, if one is named, only
distributes the partitions.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from kafka import ConsumerRebalanceListener, TopicPartition
from kafka.errors import KafkaError
from typing_extensions import override

from commands.ports.topic import TopicUnavailable
from domain.body import RecordedEvent
from infra.cloud_events import decode_value, milliseconds
from infra.kafka_access import Brokers
from infra.kafka_clients import consumer, failing_as_unavailable
from infra.record_mac import RecordMac
from infra.refused_records import OnRefused, RefusalCollector

#: Milliseconds after which the partitions of a dead reader go to the others; the broker's minimum.
_SESSION: Final = 6000


class TopicReader:
    """Events of the topic for the projector: a ``consumers.projector.Source``, for one thread."""

    def __init__(
        self,
        brokers: Brokers,
        name: str,
        *,
        mac: RecordMac,
        recorded_at: Callable[[int], datetime | None],
        on_refused: OnRefused = lambda _refused: None,
        group: str | None = None,
    ) -> None:
        """Remember where the topic is; ``seek`` connects.

        Args:
            brokers: Where the brokers are.
            name: The name of the topic.
            mac: Authenticates the records.
            recorded_at: Returns when the event with an index was recorded; None if there is none.
            on_refused: Called with records that this installation did not publish.
            group: The consumer group whose readers share the partitions; None reads all of them.
        """
        self._mac = mac
        self._refusals = RefusalCollector(name, on_refused)
        self._brokers = brokers
        self._name = name
        self._recorded_at = recorded_at
        self._group = group
        self._positions: Callable[[], Mapping[int, int]] = dict
        self._consumer: Any = None
        self._unplaced: set[TopicPartition] = set()  # assigned and paused until we have sought
        self._next: dict[TopicPartition, int] = {}  # the offset to read next

    def seek(self, positions: Callable[[], Mapping[int, int]]) -> None:
        """Read on after these positions.

        Args:
            positions: Returns the index of the last applied event by partition. It is called again
                whenever this reader gets partitions of another reader.

        Raises:
            TopicUnavailable: The brokers do not answer.
        """
        self._positions = positions
        self.close()
        self._consumer = self._group_member() if self._group else self._reader_of_all()

    def take(self, limit: int, seconds: float) -> list[RecordedEvent]:
        """Return at most ``limit`` events, in order within each partition.

        Records that this installation did not publish are left out and reported.

        Returns as soon as there are events; returns none after ``seconds`` without one.

        Raises:
            TopicUnavailable: Call ``seek`` before taking more.
        """
        try:
            with failing_as_unavailable():
                polled = self._consumer.poll(timeout_ms=int(seconds * 1000), max_records=limit)
                if self._unplaced:
                    self._place()
                    return []
        except TopicUnavailable:
            self.close()
            raise
        for place, records in polled.items():
            self._next[place] = records[-1].offset + 1
        events = [event for records in polled.values() for event in self._events(records)]
        self._refusals.report()
        return events

    def lag(self) -> int:
        """Return how many records of our partitions are not read yet, as far as is known."""
        if self._consumer is None:
            return 0
        waiting = 0
        for place in self._consumer.assignment():
            # ``position`` of the client would send a request to the brokers each time.
            waiting += max(0, (self._consumer.highwater(place) or 0) - self._next.get(place, 0))
        return waiting

    def all_taken(self) -> bool:
        """Ask the brokers whether every record that our partitions hold now has been read.

        Raises:
            TopicUnavailable: Call ``seek`` before taking more.
        """
        places = list(self._consumer.assignment())
        try:
            with failing_as_unavailable():
                ends = self._consumer.end_offsets(places)
        except TopicUnavailable:
            self.close()
            raise
        return all(self._next.get(place, 0) >= ends[place] for place in places)

    def close(self) -> None:
        """Leave the group, if any, and close the connections."""
        client, self._consumer = self._consumer, None
        self._unplaced.clear()
        if client is not None:
            _give_up(client)

    def _reader_of_all(self) -> Any:
        client = consumer(self._brokers)
        try:
            with failing_as_unavailable():
                numbers = client.partitions_for_topic(self._name) or ()
                places = [TopicPartition(self._name, number) for number in sorted(numbers)]
                client.assign(places)
                self._seek(client, places)
        except TopicUnavailable:
            _give_up(client)
            raise
        if not numbers:
            _give_up(client)
            raise TopicUnavailable(f"the topic {self._name} does not exist")
        return client

    def _group_member(self) -> Any:
        client = consumer(
            self._brokers,
            group_id=self._group,
            session_timeout_ms=_SESSION,
            heartbeat_interval_ms=_SESSION // 6,
        )
        client.subscribe([self._name], listener=_Rebalance(client, self._unplaced))
        return client

    def _place(self) -> None:
        """Seek in the partitions that were just assigned, and resume them."""
        places = list(self._unplaced)
        self._seek(self._consumer, places)
        self._consumer.resume(*places)
        self._unplaced.difference_update(places)

    def _seek(self, client: Any, places: list[TopicPartition]) -> None:
        positions = self._positions()
        times: dict[TopicPartition, int] = {}
        for place in places:
            recorded_at = self._recorded_at(positions.get(place.partition, 0))
            if recorded_at is not None:
                times[place] = milliseconds(recorded_at)
        found = client.offsets_for_times(dict(times)) if times else {}
        begins = client.beginning_offsets(places)
        ends = client.end_offsets(places)
        for place in places:
            if place not in times:
                offset = begins[place]
            elif (at := found.get(place)) is not None:
                offset = at.offset
            else:  # all records are older, because the topic is being published again
                offset = ends[place]
            client.seek(place, offset)
            self._next[place] = offset

    def _events(self, records: Iterable[Any]) -> Iterator[RecordedEvent]:
        forgery = self._mac.forgery
        for record in records:
            reason = forgery(record)
            if reason is None:
                yield decode_value(record.value)
            else:
                self._refusals.add(record.partition, record.offset, reason)


def _give_up(client: Any) -> None:
    with suppress(KafkaError):
        client.close(autocommit=False, timeout_ms=1000)


class _Rebalance(ConsumerRebalanceListener):  # type: ignore[misc]  # the client has no types
    """Pauses newly assigned partitions, because a callback cannot ask the brokers for offsets."""

    def __init__(self, client: Any, unplaced: set[TopicPartition]) -> None:
        self._client = client
        self._unplaced = unplaced

    @override
    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._unplaced.difference_update(revoked)

    @override
    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        places = list(assigned)
        for place in places:
            # Any offset will do: without one the client would ask for a committed offset.
            self._client.seek(place, 0)
        if places:
            self._client.pause(*places)
        self._unplaced.update(places)
