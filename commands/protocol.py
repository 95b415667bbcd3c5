"""Publish a protocol, and mark its publication as entered in error."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import AwareDatetime, Field
from typing_extensions import override

from commands.command import Command, Context, VoidEvent
from commands.permissions import Permission
from domain import protocol
from domain.decider import StreamEvent
from domain.events import OwnEvent
from domain.ids import IdKey, StreamId


class PublishProtocol(Command):
    """Publish a protocol: the rules that are in force from an instant on.

    It is added to the stream of protocols, which every store has from its creation.
    """

    KIND: ClassVar = protocol.KIND
    VERB: ClassVar[str] = "publish"
    EVENT: ClassVar[type[OwnEvent]] = protocol.ProtocolPublished
    PERMISSION: ClassVar[Permission] = Permission.OPERATE

    content: Annotated[
        str, Field(max_length=protocol.LONGEST, description="the whole TOML file of the protocol")
    ]
    effective_from: Annotated[
        AwareDatetime | None, Field(description="from when it is in force; now if not given")
    ] = None

    @override
    @classmethod
    def stream_of(cls, id_key: IdKey, members: Mapping[str, Any]) -> StreamId | None:
        return protocol.stream_of_protocols(id_key)

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        at: datetime | None = self.effective_from
        return protocol.publish(
            self.KIND.existing(self.stream, history),
            content=self.content,
            effective_from=at,
            time=context.time,
        )


class VoidProtocolEvent(VoidEvent):
    """Make one publication void: the protocol was never in force. The event is kept.

    The protocol that is in force from the beginning of time stays, so that each instant has one.
    """

    KIND: ClassVar = protocol.KIND
    PERMISSION: ClassVar[Permission] = Permission.OPERATE

    @override
    @classmethod
    def stream_of(cls, id_key: IdKey, members: Mapping[str, Any]) -> StreamId | None:
        return protocol.stream_of_protocols(id_key)

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        protocol.refuse_to_void_the_first(self.KIND.existing(self.stream, history), self.event_id)
        return super().decide(history, context)
