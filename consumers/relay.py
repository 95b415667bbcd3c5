"""The relay: publish the events of the store to the topic, without losing any.

Only one relay leads at a time. It holds a lock of its database session, and its epoch is in the
checkpoint. It reads the notification log from its checkpoint, sends the events, waits for every
answer and saves the checkpoint. After any failure it reads in the topic which events are there,
before it sends more. ``consumers.chain`` has the rule for that.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from commands.ports.log import NotificationLog
from commands.ports.store import StoreUnavailable
from commands.ports.topic import (
    Checkpoint,
    Checkpoints,
    Fenced,
    Halted,
    IncarnationMismatch,
    Topic,
    TopicUnavailable,
)
from consumers import chain
from consumers.pause import pause

log = structlog.get_logger()

BATCH: Final = 1000  # events in flight at a time
#: Seconds between looks at an idle store; the wait grows, and an announced append ends it.
SHORTEST_WAIT: Final = 0.25
LONGEST_WAIT: Final = 1.0
#: Seconds to wait after a batch of several events, so that its fixed cost covers more events.
LINGER: Final = 0.25
LOOK_AT_TOPIC: Final = 5.0  # seconds between checks that the topic was not created again
LONGEST_PAUSE: Final = 10.0  # seconds between attempts while the store or Kafka does not answer


@dataclass(frozen=True, slots=True)
class RelayStep:
    """The result of one step of the relay, for metrics."""

    position: int  # every event up to this index is in the topic
    events: int  # published in this step


class Relay:
    """Publishes the events of one store to one topic."""

    def __init__(
        self,
        store: NotificationLog,
        topic: Topic,
        checkpoints: Checkpoints,
        *,
        on_step: Callable[[RelayStep], None] = lambda _step: None,
    ) -> None:
        """Connect nothing yet.

        Args:
            store: The log of events; it is only read.
            topic: Where the events go; only relays write to it.
            checkpoints: The checkpoint of this topic.
            on_step: Called after each batch and each look at an idle store; must not raise.
        """
        self._store = store
        self._topic = topic
        self._checkpoints = checkpoints
        self._on_step = on_step

    def run(self, stop: Callable[[], bool]) -> None:
        """Publish until ``stop()`` is true; while another relay leads, wait to take its place.

        Raises:
            Halted: Store and topic do not belong together, and a person must decide.
        """
        attempt = 0
        while not stop():
            try:
                attempt = self._lead_once(stop, attempt)
            except (StoreUnavailable, TopicUnavailable, Fenced) as error:
                self._checkpoints.resign()
                attempt += 1
                seconds = min(LONGEST_PAUSE, SHORTEST_WAIT * 2 ** min(attempt, 8))
                log.warning("relay.interrupted", reason=type(error).__name__, attempt=attempt)
                pause(seconds, stop)
            except Halted as error:
                self._checkpoints.resign()
                log.error("relay.halted", reason=error.code, remedy=error.remedy)  # noqa: TRY400 - a traceback does not help
                raise
        self._checkpoints.resign()

    def catch_up(self, timeout: float = 60.0) -> int:
        """Publish all events that the store has now; return the index of the last one published.

        If another relay leads, wait until that relay has published them.

        Raises:
            TimeoutError: They were not published in ``timeout`` seconds.
            Halted: Store and topic do not belong together, and a person must decide.
            StoreUnavailable, TopicUnavailable, Fenced: Try again.
        """
        deadline = time.monotonic() + timeout
        target = self._store.max_index()
        try:
            while True:
                checkpoint = self.resume()
                if checkpoint is not None:
                    break
                if (position := self._checkpoints.position()) >= target:
                    return position
                if time.monotonic() > deadline:
                    raise TimeoutError(
                        f"another relay leads and has published up to index {position} of {target}"
                        f" in {timeout:.0f} s; see its log"
                    )
                time.sleep(SHORTEST_WAIT)
            while checkpoint.position < target:
                checkpoint = self.step(checkpoint)
        finally:
            self._checkpoints.resign()
        return checkpoint.position

    def resume(self) -> Checkpoint | None:
        """Become the leader and find out which events the topic holds.

        Returns:
            The checkpoint from which to publish; None if another relay leads.

        Raises:
            Halted: Store and topic do not belong together, and a person must decide.
        """
        checkpoint = self._checkpoints.lead(self._store.incarnation)
        if checkpoint is None:
            return None
        if checkpoint.incarnation != self._store.incarnation:
            raise IncarnationMismatch(
                f"The topic belongs to incarnation {checkpoint.incarnation} of the store; this"
                f" store is incarnation {self._store.incarnation}.",
                remedy=chain.NEW_GENERATION,
            )
        identity, extents = self._topic.identity(), self._topic.extents()
        start = chain.scan_start(checkpoint, identity, extents)
        unread = {
            partition: extent._replace(begin=start.marks[partition].next_offset)
            for partition, extent in extents.items()
            if start.marks[partition].next_offset < extent.end
        }
        scanned = chain.scan(
            start.marks, self._topic.links(unread), incarnation=self._store.incarnation
        )
        tails = {link.index: self._store.one(link.index) for link in scanned.tails.values()}
        chain.refuse_a_topic_ahead(
            checkpoint,
            scanned,
            max_index=self._store.max_index(),  # read now: the previous leader may still be sending
            ids={index: each.envelope.event_id for index, each in tails.items() if each},
        )
        started = chain.checkpoint_after_scan(checkpoint, identity, start, scanned)
        self._checkpoints.save(started)
        log.info(
            "relay.resumed",
            position=started.position,
            epoch=started.epoch,
            count=sum(extent.end - extent.begin for extent in unread.values()),
        )
        return started

    def step(self, checkpoint: Checkpoint) -> Checkpoint:
        """Publish the next batch and return the new checkpoint.

        If the store has no newer events, ``checkpoint`` itself is returned.

        Raises:
            TopicUnavailable, StoreUnavailable, Fenced: Call ``resume`` before sending more.
        """
        events = self._store.read(checkpoint.position, BATCH)
        if not events:
            return checkpoint
        sending = chain.unpublished(checkpoint.marks, events)
        if (index := chain.first_break(checkpoint.marks, sending)) is not None:
            raise TopicUnavailable(f"the event before index {index} is not in the topic")
        offsets = self._topic.publish(sending) if sending else []
        if chain.went_back(checkpoint.marks, sending, offsets):
            raise TopicUnavailable("the topic was deleted and created again")
        moved = chain.checkpoint_after_sending(checkpoint, events, sending, offsets)
        self._checkpoints.save(moved)
        self._on_step(RelayStep(moved.position, len(sending)))
        return moved

    def _lead_once(self, stop: Callable[[], bool], attempt: int) -> int:
        checkpoint = self.resume()
        if checkpoint is None:
            pause(LONGEST_WAIT, stop)
            return attempt
        wait, checked = SHORTEST_WAIT, time.monotonic()
        while not stop():
            moved = self.step(checkpoint)
            if moved is not checkpoint:
                count = moved.position - checkpoint.position
                checkpoint, wait = moved, SHORTEST_WAIT
                if 1 < count < BATCH:
                    time.sleep(LINGER)
                continue
            self._on_step(RelayStep(checkpoint.position, 0))
            self._checkpoints.wait(wait)
            wait = min(LONGEST_WAIT, wait * 2)
            if time.monotonic() - checked > LOOK_AT_TOPIC:
                checked = time.monotonic()
                if self._topic.identity() != checkpoint.topic_id:
                    raise TopicUnavailable("the topic was deleted and created again")
        return 0
