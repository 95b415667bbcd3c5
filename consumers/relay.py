"""The relay: what the store recorded, on to the topic; nothing is lost on the way.

One leads, by a lock of its database session and an epoch in the checkpoint. It reads the
notification log after its checkpoint, sends, waits for every answer, and moves the checkpoint. On
any failure it looks at the topic itself before it sends more: ``consumers.chain`` has the rule.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

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
from consumers.patience import pause

log = structlog.get_logger()

BATCH: Final = 1000  # events in flight at a time
SHORTEST_WAIT: Final = 0.25  # s between looks at an idle store; the hint of an append is faster
LONGEST_WAIT: Final = 1.0
LINGER: Final = 0.25  # s after a batch of several: what is fixed of a batch is shared by more
LOOK_AT_TOPIC: Final = 5.0  # s between looks whether the topic is still the same one
LONGEST_PAUSE: Final = 10.0  # s between attempts while something does not answer


@dataclass(frozen=True, slots=True)
class Sent:
    """One step of the relay, for whoever counts."""

    position: int  # every event up to here is in the topic
    events: int  # published in this step


class Listener(Protocol):
    """Told after each step; must not raise."""

    def __call__(self, sent: Sent, /) -> None:
        """Take note."""
        ...


def _ignore(_sent: Sent) -> None:
    pass


class Relay:
    """Publishes the events of one store to one topic."""

    def __init__(
        self,
        store: NotificationLog,
        topic: Topic,
        checkpoints: Checkpoints,
        *,
        on_sent: Listener = _ignore,
    ) -> None:
        """See the module.

        Args:
            store: Read only.
            topic: Nobody else writes to it, but for another relay that lost its lead.
            checkpoints: Those of this topic.
            on_sent: Called after each batch and each idle look.
        """
        self._store = store
        self._topic = topic
        self._checkpoints = checkpoints
        self._on_sent = on_sent

    def run(self, stop: Callable[[], bool]) -> None:
        """Publish until ``stop()``; while another leads, stand by.

        Raises:
            Halted: Only a person can decide; nothing was changed.
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
                log.error("relay.halted", reason=error.code, remedy=error.remedy)  # noqa: TRY400 - no fault of ours to trace
                raise
        self._checkpoints.resign()

    def catch_up(self, timeout: float = 60.0) -> int:
        """Publish what is owed now; return the index up to which the topic is complete.

        While another relay leads, waits until that one has got there.

        Raises:
            TimeoutError: What is owed was not published in ``timeout`` seconds.
            Halted, StoreUnavailable, TopicUnavailable, Fenced: As from the parts.
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
                    raise TimeoutError("another relay leads and has not published what is owed")
                time.sleep(SHORTEST_WAIT)
            while checkpoint.position < target:
                checkpoint = self.step(checkpoint)
        finally:
            self._checkpoints.resign()
        return checkpoint.position

    def resume(self) -> Checkpoint | None:
        """Take the lead and find out what the topic holds; None while another leads.

        Raises:
            Halted: Topic and store do not belong together.
        """
        checkpoint = self._checkpoints.lead(self._store.incarnation)
        if checkpoint is None:
            return None
        if checkpoint.incarnation != self._store.incarnation:
            raise IncarnationMismatch(
                f"The topic belongs to incarnation {checkpoint.incarnation} of the store; this one"
                f" is {self._store.incarnation}.",
                remedy=chain.NEW_GENERATION,
            )
        identity, extents = self._topic.identity(), self._topic.extents()
        span = chain.trusted(checkpoint, identity, extents)
        unread = {
            partition: extent._replace(begin=span.marks[partition].next_offset)
            for partition, extent in extents.items()
            if span.marks[partition].next_offset < extent.end
        }
        scanned = chain.scan(
            span.marks, self._topic.links(unread), incarnation=self._store.incarnation
        )
        tails = {link.index: self._store.one(link.index) for link in scanned.tails.values()}
        chain.refuse_a_topic_ahead(
            checkpoint,
            scanned,
            max_index=self._store.max_index(),  # after the scan: a relay of before may still write
            ids={index: each.envelope.event_id for index, each in tails.items() if each},
        )
        started = chain.resumed(checkpoint, identity, span, scanned)
        self._checkpoints.save(started)
        log.info(
            "relay.resumed",
            position=started.position,
            epoch=started.epoch,
            count=sum(extent.end - extent.begin for extent in unread.values()),
        )
        return started

    def step(self, checkpoint: Checkpoint) -> Checkpoint:
        """Publish the next batch; return ``checkpoint`` itself where there is none.

        Raises:
            TopicUnavailable, StoreUnavailable, Fenced: ``resume`` before anything else is sent.
        """
        events = self._store.read(checkpoint.position, BATCH)
        if not events:
            return checkpoint
        sending = chain.owed(checkpoint.marks, events)
        if (index := chain.broken_at(checkpoint.marks, sending)) is not None:
            raise TopicUnavailable(f"the chain to index {index} is not in the topic")
        offsets = self._topic.publish(sending) if sending else []
        if chain.went_back(checkpoint.marks, sending, offsets):
            raise TopicUnavailable("the topic was deleted and made again")
        moved = chain.published(checkpoint, events, sending, offsets)
        self._checkpoints.save(moved)
        self._on_sent(Sent(moved.position, len(sending)))
        return moved

    def _lead_once(self, stop: Callable[[], bool], attempt: int) -> int:
        checkpoint = self.resume()
        if checkpoint is None:
            pause(LONGEST_WAIT, stop)
            return attempt
        wait, looked = SHORTEST_WAIT, time.monotonic()
        while not stop():
            moved = self.step(checkpoint)
            if moved is not checkpoint:
                crowd = moved.position - checkpoint.position
                checkpoint, wait = moved, SHORTEST_WAIT
                if 1 < crowd < BATCH:
                    time.sleep(LINGER)
                continue
            self._on_sent(Sent(checkpoint.position, 0))
            self._checkpoints.wait(wait)
            wait = min(LONGEST_WAIT, wait * 2)
            if time.monotonic() - looked > LOOK_AT_TOPIC:
                looked = time.monotonic()
                if self._topic.identity() != checkpoint.topic_id:
                    raise TopicUnavailable("the topic was deleted and made again")
        return 0
