"""The part that all commands on a care team share: the person, and the team of the person."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field
from typing_extensions import override

from commands.command import Command, Context, Text
from commands.permissions import Permission
from domain.care_team import KIND
from domain.care_team.events import CareTeamEvent, OtherTeams
from domain.decider import StreamEvent
from domain.events import UUID_TEXT, OwnEvent
from domain.ids import IdKey, Mode, RecordId, StreamId


class PersonTeamCommand(Command):
    """A command on the care team of a person. Each source record has one stream."""

    KIND: ClassVar = KIND
    BEGINS: ClassVar[bool] = True
    PERMISSION: ClassVar[Permission] = Permission.CARE

    record: Annotated[RecordId, Field(pattern=UUID_TEXT, description="source record")]
    mode: Annotated[Mode, Field(description="processing mode of the record")] = "P"

    @override
    @classmethod
    def stream_of(cls, id_key: IdKey, members: Mapping[str, Any]) -> StreamId | None:
        return id_key.stream(cls.KIND.name, members["record"])

    def facts(self, context: Context) -> dict[str, Any]:
        """Return the members that every event of the command has."""
        return {"record": self.record, "mode": self.mode, "happened_at": context.time.moment}

    def own(self, history: Sequence[StreamEvent[OwnEvent]]) -> Sequence[StreamEvent[CareTeamEvent]]:
        """Return the events of the stream as those of a care team."""
        return self.KIND.history(self.stream, history)


class TeamCommand(PersonTeamCommand):
    """A command of people."""

    note: Annotated[Text, Field(description="free text; it is stored sealed")] = ""

    @override
    def texts(self) -> dict[str, str]:
        return {"note": self.note}

    def others(self, context: Context) -> OtherTeams:
        """Return the teams of the other source records of the person."""
        found = context.facts.streams(self.record, self.KIND.name)
        return {
            stream: self.KIND.history(stream, events)
            for stream, events in found.items()
            if stream != self.stream
        }
