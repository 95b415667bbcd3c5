"""What all commands on items of the work list have in common."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field
from typing_extensions import override

from commands.command import Command, Context
from commands.permissions import Permission
from domain import work
from domain.errors import UnknownWorkItem
from domain.ids import IdKey, StreamId
from domain.party import Party
from domain.work import ItemId, WorkItem

#: Three signs between four parts: what it is about, the duty, the part and the due time.
_ITEM = r"^[A-Za-z0-9._:/+-]{1,64}(~[A-Za-z0-9._:/+-]{0,64}){3}$"


class ItemCommand(Command):
    """A command on an item of the work list, which names the stream of its work."""

    KIND: ClassVar = work.KIND
    BEGINS: ClassVar[bool] = True
    PERMISSION: ClassVar[Permission] = Permission.CARE

    item: Annotated[
        ItemId,
        Field(
            pattern=_ITEM,
            max_length=260,
            description="the item: its id as the work list gives it",
            examples=["01990000-0000-7000-8000-00000000000a~referral.acknowledge.urgent~~20260305"],
        ),
    ]
    by: Annotated[Party, Field(description="who gives the command")]

    @override
    @classmethod
    def stream_of(cls, id_key: IdKey, members: Mapping[str, Any]) -> StreamId | None:
        return work.stream_of_item(id_key, str(members.get("item", "")))

    def found(self, context: Context) -> WorkItem:
        """Return the item.

        Raises:
            UnknownWorkItem: The work list has no such item, or the item has another stream.
        """
        item = context.facts.work_item(self.item)
        if item is None or work.stream_of_item(context.id_key, self.item) != self.stream:
            raise UnknownWorkItem
        return item

    @override
    def facility(self) -> str:
        return self.by.organisation
