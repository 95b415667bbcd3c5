"""What a command on an own stream is: its shape, what it rests on, and what it is said to be."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from commands.permissions import Permission
from commands.ports.facts import Facts
from commands.sensitive_codes import SensitiveCodes
from domain.body import Actor
from domain.decider import StatedTime, StreamEvent
from domain.events import UUID_TEXT, ErrorReason, OwnEvent
from domain.ids import EventId, IdKey, RecordId, StreamId
from domain.statement import Moment
from domain.stream_kind import StreamKind

#: The most characters of a free text.
TEXT_LENGTH: Final = 20_000
#: Free text of a person: sealed, never in a core.
Text: TypeAlias = Annotated[str, Field(max_length=TEXT_LENGTH)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a decision rests on beside the events of its stream."""

    time: StatedTime
    actor: Actor
    facts: Facts
    id_key: IdKey


class Command(BaseModel):
    """A command for one own stream. pydantic validates its shape; the rules decide the rest.

    The API, the command line, the pages and the documentation are made from the class: its verb,
    its fields with their descriptions, and its first line.
    """

    # Built at its first use: a verb needs one of the many commands.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    KIND: ClassVar[StreamKind[Any, Any]]
    VERB: ClassVar[str]  # unique within the kind, such as "accept"
    BEGINS: ClassVar[bool] = False  # whether it begins a stream
    #: The event that the command records. If it records several, the one that it is named after.
    EVENT: ClassVar[type[OwnEvent]]
    PERMISSION: ClassVar[Permission]
    #: Whether the command is accepted although the person died before its time.
    AFTER_DEATH: ClassVar[bool] = False
    #: Whether the command records what another system says, on behalf of that system.
    REPORTS: ClassVar[bool] = False
    #: Names of flags of the command line that differ from the path of their field.
    FLAGS: ClassVar[Mapping[str, str]] = {}

    stream: Annotated[StreamId, Field(pattern=UUID_TEXT)]
    happened_at: Moment | None = None  # None: now

    @classmethod
    def event_type(cls) -> type[OwnEvent]:
        """Return the event that the command records."""
        return cls.EVENT

    @classmethod
    def stream_of(cls, id_key: IdKey, members: Mapping[str, Any]) -> StreamId | None:
        """Return the id of a stream that its content names, such as the one stream of a person.

        None: the caller names the stream, or it gets a new id.

        Args:
            id_key: The key from which the ids of this installation are derived.
            members: The members of the command without ``stream``.
        """
        del id_key, members
        return None

    def sealing(self, sensitive: SensitiveCodes) -> Self:
        """Return the command with everything sealed that the installation calls sensitive."""
        del sensitive
        return self

    @abstractmethod
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        """Return the events to record; none if the stream already holds the facts.

        Raises:
            DomainError: The rules refuse the command.
        """

    def texts(self) -> dict[str, str]:
        """Return the free text of the command by name; it is sealed with the last event."""
        return {}

    def clinical(self) -> dict[str, Any]:
        """Return the clinical content by name, as JSON values; it is sealed with the last event."""
        return {}

    def facility(self) -> str:
        """Return the organisation that acts."""
        return ""

    def organisation_fields(self) -> Sequence[str]:
        """Return the fields that name an organisation, beside those that name a party."""
        return ()

    def named_record(self) -> RecordId | None:
        """Return the source record that the command itself names; None: it names none."""
        named: RecordId | None = getattr(self, "record", None)
        return named

    def warnings(self, history: Sequence[StreamEvent[OwnEvent]], context: Context) -> Sequence[str]:
        """Return the codes of what the caller should look at, such as ``likely_duplicate``."""
        del history, context
        return ()


class VoidEvent(Command):
    """Make one event of the stream void. The event is kept, and is shown as void."""

    VERB: ClassVar[str] = "void"
    AFTER_DEATH: ClassVar[bool] = True
    FLAGS: ClassVar[Mapping[str, str]] = {"reason_code": "reason"}
    PERMISSION: ClassVar[Permission] = Permission.VOID

    event_id: Annotated[EventId, Field(pattern=UUID_TEXT, description="event that is void")]
    reason_code: Annotated[ErrorReason, Field(description="why it is an error")]
    note: Annotated[Text, Field(description="free text; it is stored sealed")] = ""

    @override
    @classmethod
    def event_type(cls) -> type[OwnEvent]:
        return cls.KIND.error_mark

    @override
    def decide(
        self, history: Sequence[StreamEvent[OwnEvent]], context: Context
    ) -> Sequence[OwnEvent]:
        return self.KIND.enter_in_error(
            self.KIND.existing(self.stream, history),
            event_id=self.event_id,
            reason_code=self.reason_code,
            time=context.time,
        )

    @override
    def texts(self) -> dict[str, str]:
        return {"note": self.note}
