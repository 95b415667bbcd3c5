"""Say which practice, practitioner, payer or programme a person belongs to."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import AwareDatetime, Field
from typing_extensions import override

from commands.command import Command, Context, Text, VoidEvent
from commands.permissions import Permission
from domain import attribution
from domain.attribution import (
    Attributed,
    AttributionEnded,
    AttributionSource,
    EndReason,
    OtherAttributions,
    RecordedSource,
    TargetKind,
)
from domain.decider import StreamEvent
from domain.events import UUID_TEXT, Code, OptionalCode, Origin, OwnEvent
from domain.ids import IdKey, Mode, RecordId, StreamId
from domain.statement import Moment

#: A person may record what a hospital stated. It has the precedence of a statement then.
RecordedSourceField: TypeAlias = Annotated[
    RecordedSource,
    Field(description="pd1 or in1: a hospital stated it in this segment; else command"),
]


def is_organisation(target_kind: TargetKind) -> bool:
    """Say whether what a person is attributed to is an organisation."""
    return target_kind in {"practice", "payer"}


class AttributionCommand(Command):
    """A command on an attribution of a person. Each source record has one stream."""

    KIND: ClassVar = attribution.KIND
    BEGINS: ClassVar[bool] = True

    record: Annotated[RecordId, Field(pattern=UUID_TEXT, description="source record")]
    mode: Annotated[Mode, Field(description="processing mode of the record")] = "P"
    target_kind: Annotated[TargetKind, Field(description="what the person is attributed to")]
    target: Annotated[Code, Field(description="code of it, such as the code of the practice")]

    @override
    @classmethod
    def stream_of(cls, id_key: IdKey, members: Mapping[str, Any]) -> StreamId | None:
        return id_key.stream(cls.KIND.name, members["record"])

    def facts(self, context: Context, source: AttributionSource, roster: str) -> dict[str, Any]:
        """Return the members that every event of the command has."""
        origin: Origin = "file" if source == "roster" else "command"
        return {
            "record": self.record,
            "mode": self.mode,
            "happened_at": context.time.moment,
            "origin": origin,
            "target_kind": self.target_kind,
            "target": self.target,
            "source": source,
            "roster": roster,
        }

    def attributed(
        self, history: Sequence[StreamEvent[OwnEvent]], fact: Attributed, context: Context
    ) -> Sequence[OwnEvent]:
        """Return what the rules record of an attribution."""
        return attribution.attribute(
            self.stream,
            self.KIND.history(self.stream, history),
            fact,
            others=self._others(context),
            time=context.time,
        )

    def ended(
        self, history: Sequence[StreamEvent[OwnEvent]], fact: AttributionEnded, context: Context
    ) -> Sequence[OwnEvent]:
        """Return what the rules record of an end."""
        return attribution.end(
            self.stream,
            self.KIND.history(self.stream, history),
            fact,
            others=self._others(context),
            time=context.time,
        )

    def _others(self, context: Context) -> OtherAttributions:
        found = context.facts.streams(self.record, self.KIND.name)
        return {
            stream: self.KIND.history(stream, events)
            for stream, events in found.items()
            if stream != self.stream
        }


class _Attribution(AttributionCommand):
    """A command that attributes the person."""

    @override
    def organisation_fields(self) -> Sequence[str]:
        return ("target",) if is_organisation(self.target_kind) else ()


class AttributePatient(_Attribution):
    """Attribute the person to a practice, practitioner, payer or programme."""

    VERB: ClassVar[str] = "attribute"
    EVENT: ClassVar[type[OwnEvent]] = Attributed
    PERMISSION: ClassVar[Permission] = Permission.CARE

    since: Annotated[
        AwareDatetime | None, Field(description="beginning of the period; now if not given")
    ] = None
    until: Annotated[AwareDatetime | None, Field(description="end of the period")] = None
    own_wish: Annotated[bool, Field(description="whether the person asked for it")] = False
    source: RecordedSourceField = "command"
    note: Annotated[Text, Field(description="free text; it is stored sealed")] = ""

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        fact = Attributed(
            **self.facts(context, self.source, ""),
            since=Moment(at=self.since) if self.since else context.time.moment,
            until=Moment(at=self.until) if self.until else None,
            own_wish=self.own_wish,
        )
        return self.attributed(history, fact, context)

    @override
    def texts(self) -> dict[str, str]:
        return {"note": self.note}


class EndAttribution(AttributionCommand):
    """End an attribution that a person recorded, or that a roster stated."""

    VERB: ClassVar[str] = "end"
    EVENT: ClassVar[type[OwnEvent]] = AttributionEnded
    PERMISSION: ClassVar[Permission] = Permission.CARE

    roster: Annotated[
        OptionalCode, Field(description="id of the roster, if a roster stated the attribution")
    ] = ""
    source: RecordedSourceField = "command"
    until: Annotated[
        AwareDatetime | None, Field(description="end of the period; now if not given")
    ] = None
    reason: Annotated[EndReason, Field(description="why it ends")] = "ended"
    note: Annotated[Text, Field(description="free text; it is stored sealed")] = ""

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        fact = AttributionEnded(
            **self.facts(context, "roster" if self.roster else self.source, self.roster),
            until=Moment(at=self.until) if self.until else context.time.moment,
            reason=self.reason,
        )
        return self.ended(history, fact, context)

    @override
    def texts(self) -> dict[str, str]:
        return {"note": self.note}


class RecordRosterRow(_Attribution):
    """Record one row of a roster: the person is attributed by it, for a period."""

    VERB: ClassVar[str] = "record_roster_row"
    EVENT: ClassVar[type[OwnEvent]] = Attributed
    PERMISSION: ClassVar[Permission] = Permission.OPERATE

    roster: Annotated[Code, Field(description="id of the roster")]
    row: Annotated[int, Field(ge=1, description="line of the file")]
    since: Annotated[Moment, Field(description="beginning of the period")]
    until: Annotated[Moment | None, Field(description="end of the period")] = None

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        fact = Attributed(
            **self.facts(context, "roster", self.roster),
            since=self.since,
            until=self.until,
            row=self.row,
        )
        return self.attributed(history, fact, context)


class EndRosterRow(AttributionCommand):
    """End an attribution that the roster no longer names."""

    VERB: ClassVar[str] = "end_roster_row"
    EVENT: ClassVar[type[OwnEvent]] = AttributionEnded
    PERMISSION: ClassVar[Permission] = Permission.OPERATE
    AFTER_DEATH: ClassVar[bool] = True

    roster: Annotated[Code, Field(description="id of the roster")]
    until: Annotated[Moment, Field(description="end of the period")]

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        fact = AttributionEnded(
            **self.facts(context, "roster", self.roster),
            until=self.until,
            reason="not_on_roster",
        )
        return self.ended(history, fact, context)


class VoidAttributionEvent(VoidEvent):
    """Make one event of the attribution void. The event is kept, and is shown as void."""

    KIND: ClassVar[Any] = attribution.KIND
