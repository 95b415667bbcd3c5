"""Map the topic of every event to its type. A topic is the kind under which an event is stored.

This is the only list. The store, the fold and the documentation read it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from domain.attribution import KIND as ATTRIBUTION
from domain.care_plan import KIND as CARE_PLAN
from domain.care_team import KIND as CARE_TEAM
from domain.events import OwnEvent
from domain.medication_list import KIND as MEDICATION_LIST
from domain.protocol import KIND as PROTOCOL
from domain.referral import KIND as REFERRAL
from domain.statement import Statement
from domain.stream_kind import StreamKind
from domain.transition.stream import KIND as TRANSITION
from domain.triggers import TRIGGERS
from domain.work import KIND as WORK

#: The topic of a statement, by its trigger.
STATEMENT_TOPICS: Final[Mapping[str, str]] = MappingProxyType(
    {code: row.topic for code, row in TRIGGERS.items()}
)

#: The topic of a withdrawal: a later reading of a message no longer makes a statement. The core is
#: a statement that states nothing. It names the event of the earlier reading in ``supersedes``.
WITHDRAWN: Final = "patient.statement_withdrawn.v1"

#: The kinds of own streams by name. A new kind is one more row here.
KINDS: Final[Mapping[str, StreamKind[Any, Any]]] = MappingProxyType(
    {
        each.name: each
        for each in (
            # by name
            ATTRIBUTION,
            CARE_PLAN,
            CARE_TEAM,
            MEDICATION_LIST,
            PROTOCOL,
            REFERRAL,
            TRANSITION,
            WORK,
        )
    }
)

#: The own events by topic.
OWN_EVENTS: Final[Mapping[str, type[OwnEvent]]] = MappingProxyType(
    {event.TOPIC: event for kind in KINDS.values() for event in kind.events}
)

#: The type of the core of an event, by its topic.
CORES: Final[Mapping[str, type[Statement | OwnEvent]]] = MappingProxyType(
    {**dict.fromkeys((*STATEMENT_TOPICS.values(), WITHDRAWN), Statement), **OWN_EVENTS}
)


class UnknownTopic(ValueError):
    """This release has no type for a topic: a newer release recorded the event."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        super().__init__(f"this release knows no event with the topic {topic!r}")


def own_event(topic: str, core: str | bytes) -> OwnEvent | None:
    """Read the core of an own event, and validate it. Return None for a kind that is not known.

    Raises:
        UnknownTopic: The kind of stream is known, the topic is not.
        ValueError: The core does not have the shape of the topic.
    """
    event = OWN_EVENTS.get(topic)
    if event is not None:
        return event.model_validate_json(core)
    if topic.partition(".")[0] in KINDS:
        raise UnknownTopic(topic)
    return None
