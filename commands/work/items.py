"""Claim an item of the work list, give it back, let it wait, and assign it."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field
from typing_extensions import override

from commands.command import Context, Text, VoidEvent
from commands.permissions import Permission
from commands.work.item_command import ItemCommand
from domain import protocol, work
from domain.decider import StreamEvent
from domain.events import OwnEvent
from domain.ids import StreamId
from domain.party import Party
from domain.work import SnoozeReason, WorkAssigned, WorkClaimed, WorkReleased, WorkSnoozed


class ClaimItem(ItemCommand):
    """Take an item on for 30 minutes. The same party may claim it again, which renews the claim."""

    VERB: ClassVar[str] = "claim"
    EVENT: ClassVar[type[OwnEvent]] = WorkClaimed

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        own = self.KIND.history(self.stream, history)
        return work.claim(own, self.found(context), by=self.by, time=context.time)


class ReleaseItem(ItemCommand):
    """Give a claimed item back, so that others can claim it."""

    VERB: ClassVar[str] = "release"
    EVENT: ClassVar[type[OwnEvent]] = WorkReleased

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        self.found(context)
        own = self.KIND.history(self.stream, history)
        return work.release(own, by=self.by, time=context.time)


class SnoozeItem(ItemCommand):
    """Let an item wait: the work list does not show it until then.

    It may wait at most until the end of the second business day after it is due.
    """

    VERB: ClassVar[str] = "snooze"
    EVENT: ClassVar[type[OwnEvent]] = WorkSnoozed

    until: Annotated[AwareDatetime, Field(description="until when it waits")]
    reason: Annotated[SnoozeReason, Field(description="why it waits")]
    note: Annotated[Text, Field(description="free text; it is stored sealed")] = ""

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        item = self.found(context)
        published = [
            each
            for stream, events in context.facts.installation(protocol.KIND.name).items()
            for each in protocol.KIND.history(StreamId(stream), events)
        ]
        in_force = protocol.protocols_of(published).at(item.in_time_until)
        return work.snooze(
            self.KIND.history(self.stream, history),
            item,
            by=self.by,
            until=self.until,
            reason=self.reason,
            calendar=in_force.calendar,
            time=context.time,
        )

    @override
    def texts(self) -> dict[str, str]:
        return {"note": self.note}


class AssignItem(ItemCommand):
    """Make another party responsible for an item."""

    VERB: ClassVar[str] = "assign"
    EVENT: ClassVar[type[OwnEvent]] = WorkAssigned

    to: Annotated[Party, Field(description="who is responsible from now on")]
    note: Annotated[Text, Field(description="free text; it is stored sealed")] = ""

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        own = self.KIND.history(self.stream, history)
        return work.assign(own, self.found(context), to=self.to, by=self.by, time=context.time)

    @override
    def texts(self) -> dict[str, str]:
        return {"note": self.note}


class VoidWorkEvent(VoidEvent):
    """Make one event of the work on an item void. The event is kept, and is shown as void."""

    KIND: ClassVar = work.KIND
    PERMISSION: ClassVar[Permission] = Permission.VOID
