"""What all commands on a transition have in common: the encounter, and who acts."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field
from typing_extensions import override

from commands.command import Command, Context, Text, VoidEvent
from commands.permissions import Permission
from commands.ports.facts import KnownEncounter
from domain.decider import StreamEvent
from domain.errors import AnchorUnknown, UnknownStream
from domain.events import NamedStatement, OwnEvent
from domain.ids import IdKey, StatementRef, StreamId
from domain.party import Party
from domain.transition import stream
from domain.transition.events import TransitionFact
from domain.transition.stream import OtherAnchors, TransitionHistory


class EncounterCommand(Command):
    """A command on what follows a discharge. It names the encounter, and so the stream.

    The caller names the encounter by its id or by any of its statements. Each of them has a stream
    of its own, because an earlier statement may give the encounter another id. The streams of one
    encounter are judged and shown as one.
    """

    KIND: ClassVar = stream.KIND
    BEGINS: ClassVar[bool] = True
    PERMISSION: ClassVar[Permission] = Permission.CARE
    #: The event that the command records. Its members have the names of the fields.
    EVENT: ClassVar[type[TransitionFact]]

    encounter: Annotated[
        NamedStatement,
        Field(description="the encounter that the patient was discharged from: its id, or the ref"
              " of any of its statements"),
    ]  # fmt: skip

    @override
    @classmethod
    def stream_of(cls, id_key: IdKey, members: Mapping[str, Any]) -> StreamId | None:
        return stream.stream_of_anchor(id_key, StatementRef(str(members["encounter"])))

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        if self.stream != stream.stream_of_anchor(context.id_key, self.encounter):
            raise UnknownStream(self.stream)
        known = context.facts.encounter(self.encounter)
        if known is None:
            raise AnchorUnknown
        self.check(known, context)
        return self.recorded(
            self.KIND.history(self.stream, history),
            self._event(known, context),
            self._others(known, context),
            context,
        )

    @abstractmethod
    def recorded(
        self,
        history: TransitionHistory,
        event: Any,
        others: OtherAnchors,
        context: Context,
    ) -> Sequence[OwnEvent]:
        """Return what the rules record of the event."""

    def check(self, known: KnownEncounter, context: Context) -> None:
        """Refuse what only this command can refuse.

        Raises:
            DomainError: See the command.
        """

    def _event(self, known: KnownEncounter, context: Context) -> Any:
        own = set(self.EVENT.model_fields) & set(type(self).model_fields)
        members = {name: getattr(self, name) for name in own - {"happened_at"}}
        return self.EVENT(
            **members,
            record=known.record,
            mode=known.mode,
            happened_at=context.time.moment,
            anchor=self.encounter,
        )

    def _others(self, known: KnownEncounter, context: Context) -> OtherAnchors:
        """Return the streams of the other statements of the encounter that people named."""
        found = context.facts.streams(known.record, self.KIND.name)
        others = {
            name: self.KIND.history(name, events)
            for name, events in found.items()
            if name != self.stream
        }
        return {
            name: events
            for name, events in others.items()
            if _encounter_of(events, context) == known.encounter_id
        }


class TransitionCommand(EncounterCommand):
    """A command of people: they did something after a discharge, or found something."""

    by: Annotated[Party, Field(description="who did it")]
    note: Annotated[Text, Field(description="free text; it is stored sealed")] = ""

    @override
    def recorded(
        self,
        history: TransitionHistory,
        event: Any,
        others: OtherAnchors,
        context: Context,
    ) -> Sequence[OwnEvent]:
        return stream.record(
            self.stream,
            history,
            event,
            acted_on=context.facts.transition(self.encounter),
            others=others,
            time=context.time,
        )

    @override
    def texts(self) -> dict[str, str]:
        return {"note": self.note}

    @override
    def facility(self) -> str:
        return self.by.organisation


def _encounter_of(events: Sequence[StreamEvent[Any]], context: Context) -> str | None:
    anchor = stream.anchor_of(events)
    known = context.facts.encounter(anchor) if anchor else None
    return known.encounter_id if known else None


class VoidTransitionEvent(VoidEvent):
    """Make one event of the transition void. The event is kept, and is shown as void."""

    KIND: ClassVar = stream.KIND
