"""The collections of the API: the path and the words of each kind of own stream."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from commands.catalogue import COMMANDS
from commands.command import Command

#: Below which all addresses are.
PREFIX: Final = "/api/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """One kind of own stream in the API."""

    kind: str  # first word of its topics
    path: str  # such as "care-plans"
    noun: str  # one of them, such as "care plan"


#: By kind. A new kind of stream is one more row.
COLLECTIONS: Final[Mapping[str, Collection]] = MappingProxyType(
    {
        kind: Collection(kind=kind, path=path, noun=noun)
        for kind, path, noun in (
            ("referral", "referrals", "referral"),
            ("care_plan", "care-plans", "care plan"),
            ("medication_list", "medication-lists", "medication list"),
            ("transition", "transitions", "transition"),
            ("care_team", "care-teams", "care team"),
            ("attribution", "attributions", "attribution"),
            ("protocol", "protocols", "protocol"),
            ("work", "work-items", "work item"),
        )
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRoute:
    """A command and its address."""

    command: type[Command]
    collection: Collection
    path: str  # below /api/v1, such as "/referrals/{stream}/accept"

    @property
    def names_stream(self) -> bool:
        """Whether the address holds the id of the stream."""
        return "{stream}" in self.path

    @property
    def creates(self) -> bool:
        """Whether the command makes a new member of the collection."""
        return self.path == f"/{self.collection.path}"


def command_routes() -> Iterator[CommandRoute]:
    """Yield the route of each command.

    A command that makes a new stream is sent to the collection, and a command on a stream, to the
    verb below the stream. If the command itself says which stream it is, as for the one care team
    of a person, the command is sent to the verb below the collection.
    """
    for command in COMMANDS:
        collection = COLLECTIONS[command.KIND.name]
        verb = command.VERB.replace("_", "-")
        if _is_named_by_content(command):
            path = f"/{collection.path}/{verb}"
        elif not command.BEGINS:
            path = f"/{collection.path}/{{stream}}/{verb}"
        else:
            path = f"/{collection.path}"
        yield CommandRoute(command=command, collection=collection, path=path)


def _is_named_by_content(command: type[Command]) -> bool:
    return command.stream_of.__func__ is not Command.stream_of.__func__  # type: ignore[attr-defined]  # of class methods
