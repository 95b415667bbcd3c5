"""Read received messages again, with the profiles and the mapping of today.

Messages are compared and recorded in batches, so memory does not grow with their number. Each batch
is a transaction. A run that was killed is run again: it finds what still differs.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from pydantic import ValidationError

from commands import reread_messages
from commands.ports.readings import MessageReadings, ReadingTaken, ReceivedReading
from commands.reread_messages import Change, Kept, MessageChange
from consumers.hl7v2.profiles import DEFAULT, Profile
from consumers.hl7v2.translate import ReadingContext, read
from domain.flags import MessageFlag
from domain.ids import MessageId

#: How often a batch is compared again because another run was first.
_ROUNDS: Final = 10
#: Old versions of profiles that stay in memory.
_VERSIONS: Final = 64


@dataclass(slots=True)
class RereadTotals:
    """What a run did or, in a dry run, would do. ``read`` is the sum of the seven that follow."""

    read: int = 0
    unchanged: int = 0
    changed: int = 0
    released: int = 0
    withdrawn: int = 0
    outcome: int = 0
    refused: int = 0
    erased: int = 0
    events: int = 0
    differs: Counter[str] = field(default_factory=Counter)  # statements, by what differs
    released_from: Counter[str] = field(default_factory=Counter)  # messages, by outcome and reason

    def keep(self, kept: Kept) -> None:
        """Count a message that keeps its last reading."""
        self.read += 1
        setattr(self, kept, getattr(self, kept) + 1)

    def add(self, change: MessageChange) -> None:
        """Count a message with a later reading."""
        self.read += 1
        setattr(self, change.change, getattr(self, change.change) + 1)
        self.events += len(change.reading.message.drafts)
        for each in change.statements:
            self.differs.update(each.differs)
        if change.change is Change.RELEASED:
            before = change.before
            self.released_from[f"{before.disposition} {before.reason}".strip()] += 1


class MessageRereading:
    """Reads messages again.

    Args:
        context: How messages are read.
        readings: The messages with their last readings.
        profile_content: Returns the canonical content of a version of a profile; None: not kept.
    """

    def __init__(
        self,
        *,
        context: ReadingContext,
        readings: MessageReadings,
        profile_content: Callable[[str], str | None],
    ) -> None:
        self._context = context
        self._readings = readings
        self._profile_content = profile_content
        self._profile = lru_cache(maxsize=_VERSIONS)(self._profile_of_version)

    def run(
        self,
        batches: Iterable[Sequence[MessageId]],
        *,
        dry_run: bool,
        found: Callable[[MessageChange], None] = lambda _change: None,
        done: Callable[[int], None] = lambda _count: None,
    ) -> RereadTotals:
        """Read messages again, and record what differs unless it is a dry run.

        Args:
            batches: The ids of the messages that are recorded together.
            dry_run: Whether nothing is recorded.
            found: Called with each change, after it is recorded.
            done: Called after each batch with the number of messages so far.

        Raises:
            StoreUnavailable: Run it again: it goes on with what still differs.
        """
        totals = RereadTotals()
        for batch in batches:
            changes, kept, refused = self._batch(batch, dry_run=dry_run)
            for each in kept:
                totals.keep(each)
            for change in changes:
                if change.before.message_id in refused:
                    totals.keep(Kept.REFUSED)
                else:
                    totals.add(change)
                    found(change)
            done(totals.read)
        return totals

    def _batch(
        self, batch: Sequence[MessageId], *, dry_run: bool
    ) -> tuple[list[MessageChange], list[Kept], set[MessageId]]:
        for left in reversed(range(_ROUNDS)):
            changes: list[MessageChange] = []
            kept: list[Kept] = []
            for before in self._readings.last(batch):
                compared = self._compared(before)
                if isinstance(compared, Kept):
                    kept.append(compared)
                else:
                    changes.append(compared)
            if dry_run:
                return changes, kept, set()
            try:
                return changes, kept, set(reread_messages.handle(changes, self._readings))
            except ReadingTaken:
                if not left:
                    raise
        raise ValueError("_ROUNDS is at least 1")

    def _compared(self, before: ReceivedReading) -> MessageChange | Kept:
        if before.raw is None:
            return Kept.ERASED
        now = read(before.raw, context=self._context_of(before))
        return reread_messages.compare(before, now, self._context.new_id)

    def _context_of(self, before: ReceivedReading) -> ReadingContext:
        """Return the context in which a message is read, with the client that sent it.

        A message that was loaded as backlog stays one.

        If the caller of `ingest` named the profile, the profile of this name is used again. The
        name is not kept. It was named if the version of the profile does not match the message.
        """
        context = replace(
            self._context,
            arrived_by=before.arrived_by,
            actor=before.actor,
            backfill=MessageFlag.BACKFILL.value in before.warnings,
        )
        if before.arrived_by == "mllp":
            return replace(context, client=before.actor.subject)
        if before.sender == DEFAULT or self._matches(before):
            return context
        return replace(context, sender=before.sender)

    def _matches(self, before: ReceivedReading) -> bool:
        profile = self._profile(before.profile_version)
        return profile is not None and any(
            match.application in {"", before.application}
            and match.facility in {"", before.facility}
            for match in profile.match
        )

    def _profile_of_version(self, version: str) -> Profile | None:
        content = self._profile_content(version)
        if content is None:
            return None
        try:
            return Profile.model_validate_json(content)
        except ValidationError:  # a release before had other keys
            return None
