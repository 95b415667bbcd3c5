"""Take messages in: read, record and answer them, from MLLP and from files.

A message is answered only after the commit of the transaction that holds its bytes, its events and
its idempotency key. If anything fails on our side, the answer is AR. The sender then sends the
message again, which is harmless: the key shows whether it had been recorded.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final, Generic, Protocol, TypeVar

import structlog

from commands.ports.intake import Disposition, IncomingMessage, MessageOutcome
from commands.ports.store import StoreUnavailable
from consumers.hl7v2 import ack
from consumers.hl7v2.profiles import DEFAULT, Profile, Profiles
from consumers.hl7v2.reader import Message, NotAMessage, head_of
from consumers.hl7v2.translate import ReadingContext, choose, read
from domain.body import Actor
from domain.triggers import TRIGGERS

log = structlog.get_logger()

#: Messages of a file that are recorded in one commit.
BATCH: Final = 200

#: Peers whose reading context stays in memory.
_PEERS: Final = 512
#: Between two answers to one message (enhanced mode): the end of a frame and the start of the next.
_BETWEEN: Final = b"\x1c\r\x0b"

#: A message that is ready to be recorded: see ``commands.record_messages``.
Ready = TypeVar("Ready")
Now = Callable[[], datetime]


class SendingPeer(Protocol):
    """The sender of a frame."""

    @property
    def host(self) -> str:
        """The address of the sender."""
        ...

    @property
    def certificate(self) -> str:
        """The common name of the sender's certificate; empty if it showed none."""
        ...


class ReceivedFrame(Protocol):
    """A frame as a listener hands it over."""

    @property
    def raw(self) -> bytes:
        """The bytes of the message; only its beginning if it is ``oversize``."""
        ...

    @property
    def peer(self) -> SendingPeer:
        """The sender."""
        ...

    @property
    def oversize(self) -> bool:
        """Whether the message is larger than the listener's limit."""
        ...


@dataclass(frozen=True, slots=True)
class AnsweredMessage:
    """The facts of one message that metrics count; none of them is patient data."""

    source: str
    trigger: str
    ack: str
    disposition: str


@dataclass(frozen=True, slots=True)
class UnrecordedMessage(Generic[Ready]):
    """A message that was read and is not recorded yet."""

    message: IncomingMessage
    ready: Ready | None  # None if making it ready must wait for the database


class MllpIntake(Generic[Ready]):
    """Reads the frames of a listener and answers them in batches; its methods never raise.

    Args:
        context: How messages are read.
        prepare: Makes a message ready to be recorded; may wait for the database.
        prepare_at_once: The same without waiting; raises ``StoreUnavailable`` if it had to wait.
        record: Records a batch.
        now: Returns the present time.
        answered: Called for each batch with its counted facts, and the seconds that it took.
    """

    def __init__(
        self,
        *,
        context: ReadingContext,
        prepare: Callable[[IncomingMessage], Ready],
        prepare_at_once: Callable[[IncomingMessage], Ready],
        record: Callable[[Sequence[Ready]], list[MessageOutcome]],
        now: Now,
        answered: Callable[[Sequence[AnsweredMessage], float], None] = lambda _all, _seconds: None,
    ) -> None:
        self._context = context
        self._context_of = lru_cache(maxsize=_PEERS)(self._with_peer)
        self._prepare = prepare
        self._prepare_at_once = prepare_at_once
        self._record = record
        self._now = now
        self._answered = answered

    def read(self, frame: ReceivedFrame) -> UnrecordedMessage[Ready]:
        """Read a frame and, if possible without waiting, make its message ready to be recorded."""
        message = self._read(frame)
        try:
            return UnrecordedMessage(message, self._prepare_at_once(message))
        except StoreUnavailable:
            return UnrecordedMessage(message, None)
        except Exception:  # a boundary: ``answer`` tries again, and keeps the bytes if it fails
            log.exception("message.not_prepared", message_id=message.message_id)
            return UnrecordedMessage(message, None)

    def accepts_bare_end(self, frame: ReceivedFrame) -> bool:
        """Say whether the sender of a frame may end it without CR, by its profile."""
        try:
            message = Message(head_of(frame.raw))
        except NotAMessage:
            return False
        context = self._context_of(frame.peer.certificate, frame.peer.host)
        return choose(message, context).profile.frame_end_without_cr

    def answer(self, batch: Sequence[UnrecordedMessage[Ready]]) -> list[bytes]:
        """Record a batch, and return the acknowledgement of each message when all are durable.

        A message that cannot be recorded or answered fails alone: the others are recorded.
        """
        started = time.perf_counter()
        try:
            outcomes = self._recorded(batch)
        except StoreUnavailable:
            log.exception("batch.not_recorded", count=len(batch))
            outcomes = [_not_recorded(each.message) for each in batch]
        pairs = [(each.message, outcome) for each, outcome in zip(batch, outcomes, strict=True)]
        now = self._now()
        answers = [self._answer(message, outcome, now) for message, outcome in pairs]
        self._answered(
            [
                AnsweredMessage(m.sender, _trigger_label(m.trigger), code, o.disposition)
                for (m, o), (code, _) in zip(pairs, answers, strict=True)
            ],
            time.perf_counter() - started,
        )
        return [answer for _, answer in answers]

    def _recorded(self, batch: Sequence[UnrecordedMessage[Ready]]) -> list[MessageOutcome]:
        """Record a batch; if that fails, record its halves, until the failing message is alone.

        Raises:
            StoreUnavailable: The store does not answer, so it is not known what was recorded.
        """
        try:
            return self._record(
                [
                    self._prepare(each.message) if each.ready is None else each.ready
                    for each in batch
                ]
            )
        except StoreUnavailable:
            raise
        except Exception:  # a boundary: it is the failure of one message
            if len(batch) == 1:
                message = batch[0].message
                log.exception("message.recording_failed", message_id=message.message_id)
                return [self._kept(message)]
        half = len(batch) // 2
        return self._recorded(batch[:half]) + self._recorded(batch[half:])

    def _kept(self, message: IncomingMessage) -> MessageOutcome:
        """Keep the bytes of a message that cannot be recorded as it was read."""
        try:
            refused = _refused(message, "recording_failed", "MSH")
            (outcome,) = self._record([self._prepare(refused)])
        except StoreUnavailable:
            raise
        except Exception:  # a boundary: the sender keeps the message, because it gets AR
            log.exception("message.not_kept", message_id=message.message_id)
            return _not_recorded(message)
        return outcome

    def _read(self, frame: ReceivedFrame) -> IncomingMessage:
        client = frame.peer.certificate
        context = self._context_of(client, frame.peer.host)
        received = read(frame.raw, context=context)
        if frame.oversize:
            return _refused(received, "oversize", "MSH")
        if received.disposition is Disposition.UNREADABLE:
            return received
        profile = _profile(context.profiles, received.sender)
        if profile.clients and client not in profile.clients:
            return _refused(received, "client_not_allowed", "MSH-3")
        if profile.size_limit is not None and len(frame.raw) > profile.size_limit:
            return _refused(received, "oversize", "MSH")
        return received

    def _with_peer(self, client: str, host: str) -> ReadingContext:
        actor = Actor(kind="feed", issuer="mllp", subject=client or host)
        return replace(self._context, client=client, actor=actor)

    def _answer(
        self, message: IncomingMessage, outcome: MessageOutcome, now: datetime
    ) -> tuple[str, bytes]:
        """Return the code to count, and the answer: one or, in enhanced mode, none to two."""
        if message.trigger.split("^", 1)[0] == "ACK":
            return "none", b""  # an acknowledgement is never answered, not even if it is refused
        try:
            return self._complete_answer(message, outcome, now)
        except Exception:  # a boundary: what became of the message is known, so it is answered
            log.exception("answer.failed", message_id=message.message_id)
            code = ack.code_of(outcome.first)
            new_id, echo = self._context.new_id(), message.control_id
            return code, ack.bare(code, echo=echo, control_id=new_id, now=now).message

    def _complete_answer(
        self, message: IncomingMessage, outcome: MessageOutcome, now: datetime
    ) -> tuple[str, bytes]:
        profile = _profile(self._context.profiles, message.sender)
        new_id = self._context.new_id
        if profile.acknowledgement == "enhanced":
            answers = ack.enhanced(
                message.raw, outcome, new_control_id=new_id, now=now, profile=profile
            )
        else:
            answers = (
                ack.acknowledge(
                    message.raw, outcome, control_id=new_id(), now=now, profile=profile
                ),
            )
        code = answers[-1].code if answers else ack.code_of(outcome.first, profile)
        return code, _BETWEEN.join(each.message for each in answers)


@dataclass(slots=True)
class IngestTotals:
    """Totals of one run: ``received`` is the sum of the five dispositions that follow it."""

    received: int = 0
    recorded: int = 0
    duplicate: int = 0
    no_effect: int = 0
    quarantined: int = 0
    unreadable: int = 0
    events: int = 0
    last_index: int = 0

    def add(self, outcomes: Iterable[MessageOutcome]) -> None:
        """Add the outcomes of a batch."""
        counted = Counter[str]()
        for each in outcomes:
            counted[each.disposition] += 1
            if each.disposition is Disposition.RECORDED and each.first_index:
                self.events += each.last_index - each.first_index + 1
            self.last_index = max(self.last_index, each.last_index)
        self.received += counted.total()
        self.recorded += counted[Disposition.RECORDED]
        self.duplicate += counted[Disposition.DUPLICATE]
        self.no_effect += counted[Disposition.NO_EFFECT]
        self.quarantined += counted[Disposition.QUARANTINED]
        self.unreadable += counted[Disposition.UNREADABLE]


def ingest(
    messages: Iterable[bytes],
    *,
    context: ReadingContext,
    record: Callable[[Sequence[IncomingMessage]], list[MessageOutcome]],
    done: Callable[[int], None] = lambda _count: None,
) -> IngestTotals:
    """Record the messages of files, ``BATCH`` in each commit; return the totals.

    Args:
        messages: The bytes of each message.
        context: How messages are read.
        record: Records a batch.
        done: Called after each commit with the number of messages that are durable.

    Raises:
        StoreUnavailable: Call it again with the same messages; recorded ones are then duplicates.
    """
    totals, batch = IngestTotals(), list[IncomingMessage]()

    def commit() -> None:
        totals.add(record(batch))
        batch.clear()
        done(totals.received)

    for raw in messages:
        batch.append(read(raw, context=context))
        if len(batch) == BATCH:
            commit()
    if batch:
        commit()
    return totals


def _profile(profiles: Profiles, name: str) -> Profile:
    return profiles[name] if name in profiles.named else profiles[DEFAULT]


def _refused(received: IncomingMessage, reason: str, place: str) -> IncomingMessage:
    """Return the message as refused; its bytes are kept.

    Its idempotency key differs from that of the accepted message. So if the sender sends it again
    after the profile allows it, it is recorded.
    """
    return replace(
        received,
        disposition=Disposition.UNREADABLE,
        reason=reason,
        place=place,
        drafts=(),
        key=sha256(reason.encode() + received.key).digest(),
        pair_key=None,
    )


def _not_recorded(received: IncomingMessage) -> MessageOutcome:
    """Return an outcome that is answered AR: the real one is not known until a resend."""
    return MessageOutcome(
        disposition=Disposition.UNREADABLE,
        message_id=received.message_id,
        first=Disposition.UNREADABLE,
        reason="not_recorded",
    )


def _trigger_label(trigger: str) -> str:
    """Return the trigger as a metric shows it: senders choose its text, so others count as one."""
    return trigger if trigger in TRIGGERS else "other"
