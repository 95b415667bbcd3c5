"""Name the topic of every event. A topic is the kind under which an event is stored."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from domain.triggers import TRIGGERS

#: The topic of a statement, by its trigger.
STATEMENT_TOPICS: Final[Mapping[str, str]] = MappingProxyType(
    {code: row.topic for code, row in TRIGGERS.items()}
)
