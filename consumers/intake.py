"""Messages in: read, record, answer. The same for MLLP and for files.

An answer is given only after the transaction that holds the bytes, the events and the idempotency
key has committed. Whatever fails on our side is answered AR: a resend is harmless, because the key
tells what had been recorded.
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

from commands.ports.intake import Disposition, Outcome, Received
from commands.ports.store import StoreUnavailable
from consumers.hl7v2 import ack
from consumers.hl7v2.profiles import DEFAULT, Profile, Profiles
from consumers.hl7v2.translate import ReadingContext, read
from domain.body import Actor
from domain.triggers import TRIGGERS

log = structlog.get_logger()

#: Messages of a file that share a commit.
BATCH: Final = 200

#: Peers whose reading context is kept.
_PEERS: Final = 512
#: Of two answers to one message, in enhanced mode: the end of a frame and the start of the next.
_BETWEEN: Final = b"\x1c\r\x0b"

#: A message made ready to be recorded: see ``commands.record_messages``.
Ready = TypeVar("Ready")
Now = Callable[[], datetime]


class Peer(Protocol):
    """Who sent a frame."""

    @property
    def host(self) -> str:
        """Its address."""
        ...

    @property
    def certificate(self) -> str:
        """The common name of its certificate; empty without TLS."""
        ...


class Frame(Protocol):
    """What a listener hands over."""

    @property
    def raw(self) -> bytes:
        """The bytes of the message, or its beginning alone where it is ``oversize``."""
        ...

    @property
    def peer(self) -> Peer:
        """Who sent it."""
        ...

    @property
    def oversize(self) -> bool:
        """Over the listener's limit."""
        ...


@dataclass(frozen=True, slots=True)
class Answered:
    """What is counted of one message: nothing in it says anything of a patient."""

    source: str
    trigger: str
    ack: str
    disposition: str


@dataclass(frozen=True, slots=True)
class Waiting(Generic[Ready]):
    """A message that was read and waits to be recorded; ``ready`` is None until it is."""

    message: Received
    ready: Ready | None


class MllpIntake(Generic[Ready]):
    """Reads the frames of a listener, and answers them, a batch at a time. Never raises.

    Args:
        context: How messages are read.
        prepare: Makes one ready to be recorded; may wait for a database.
        prepare_at_once: The same while a batch before it is on its way, or ``StoreUnavailable``.
        record: Records a batch.
        now: The time.
        answered: Told what is counted of a batch, and how many seconds it took.
    """

    def __init__(
        self,
        *,
        context: ReadingContext,
        prepare: Callable[[Received], Ready],
        prepare_at_once: Callable[[Received], Ready],
        record: Callable[[Sequence[Ready]], list[Outcome]],
        now: Now,
        answered: Callable[[Sequence[Answered], float], None] = lambda _all, _seconds: None,
    ) -> None:
        self._context = context
        self._context_of = lru_cache(maxsize=_PEERS)(self._with_peer)
        self._prepare = prepare
        self._prepare_at_once = prepare_at_once
        self._record = record
        self._now = now
        self._answered = answered

    def read(self, frame: Frame) -> Waiting[Ready]:
        """Read a frame, and make ready what it holds if that takes no waiting."""
        message = self._read(frame)
        try:
            return Waiting(message, self._prepare_at_once(message))
        except StoreUnavailable:
            return Waiting(message, None)

    def answer(self, batch: Sequence[Waiting[Ready]]) -> list[bytes]:
        """Return the acknowledgement of each message, after all of them are durable."""
        started = time.perf_counter()
        try:
            outcomes = self._record(
                [
                    self._prepare(each.message) if each.ready is None else each.ready
                    for each in batch
                ]
            )
        except StoreUnavailable:
            log.exception("batch.not_recorded", count=len(batch))
            outcomes = [_failed(each.message) for each in batch]
        except Exception:  # the boundary: the peer is told, the listener goes on
            log.exception("batch.failed", count=len(batch))
            outcomes = [_failed(each.message) for each in batch]
        pairs = [(each.message, outcome) for each, outcome in zip(batch, outcomes, strict=True)]
        now = self._now()
        answers = [self._answer(message, outcome, now) for message, outcome in pairs]
        self._answered(
            [
                Answered(m.sender, _trigger_label(m.trigger), code, o.disposition)
                for (m, o), (code, _) in zip(pairs, answers, strict=True)
            ],
            time.perf_counter() - started,
        )
        return [answer for _, answer in answers]

    def _read(self, frame: Frame) -> Received:
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

    def _answer(self, message: Received, outcome: Outcome, now: datetime) -> tuple[str, bytes]:
        """Return the code, for the count, and the answer; several in enhanced mode, or none."""
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
class Account:
    """What became of the messages of one run: ``received`` is the sum of the five behind it."""

    received: int = 0
    recorded: int = 0
    duplicate: int = 0
    no_effect: int = 0
    quarantined: int = 0
    unreadable: int = 0
    events: int = 0
    last_index: int = 0

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Count a batch."""
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
    record: Callable[[Sequence[Received]], list[Outcome]],
    done: Callable[[int], None] = lambda _count: None,
) -> Account:
    """Record messages of files, ``BATCH`` to a commit; tell what became of them.

    Args:
        messages: The bytes of each.
        context: How they are read.
        record: Where they are recorded.
        done: Told how many are durable, after each commit.

    Raises:
        StoreUnavailable: Ask again with the same messages: what was recorded is a duplicate then.
    """
    account, batch = Account(), list[Received]()

    def commit() -> None:
        account.add(record(batch))
        batch.clear()
        done(account.received)

    for raw in messages:
        batch.append(read(raw, context=context))
        if len(batch) == BATCH:
            commit()
    if batch:
        commit()
    return account


def _profile(profiles: Profiles, name: str) -> Profile:
    return profiles[name] if name in profiles.named else profiles[DEFAULT]


def _refused(received: Received, reason: str, place: str) -> Received:
    """Keep the bytes and refuse the message; sent again when it is allowed, it is a new one."""
    return replace(
        received,
        disposition=Disposition.UNREADABLE,
        reason=reason,
        place=place,
        drafts=(),
        key=sha256(reason.encode() + received.key).digest(),
        pair_key=None,
    )


def _failed(received: Received) -> Outcome:
    """Stand for an outcome that nobody knows: the answer is AR, and a resend tells."""
    return Outcome(
        disposition=Disposition.UNREADABLE,
        message_id=received.message_id,
        first=Disposition.UNREADABLE,
        reason="not_recorded",
    )


def _trigger_label(trigger: str) -> str:
    """Return the trigger as a metric shows it: senders choose its text, so others count as one."""
    return trigger if trigger in TRIGGERS else "other"
