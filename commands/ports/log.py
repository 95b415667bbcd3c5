"""The notification log of the store: every event, in the order of its dense index."""

from collections.abc import Iterator
from typing import Protocol

from domain.body import RecordedEvent


class NotificationLog(Protocol):
    """The store's events in the order of their dense index.

    Every method raises ``StoreUnavailable`` if the database does not answer.
    """

    @property
    def incarnation(self) -> str:
        """The id of this store since it was created or restored."""
        ...

    def max_index(self) -> int:
        """Return the greatest index given out; 0 for an empty store."""
        ...

    def read(
        self, after: int, limit: int = 1000, *, upto: int | None = None
    ) -> list[RecordedEvent]:
        """Return at most ``limit`` events with after < index <= upto, in order."""
        ...

    def one(self, index: int) -> RecordedEvent | None:
        """Return the event with this index."""
        ...

    def drain(self, after: int, upto: int) -> Iterator[RecordedEvent]:
        """Yield every event with after < index <= upto, in order, without holding them all."""
        ...

    def last_ids(self) -> dict[int, int]:
        """Return by partition the index of its last event."""
        ...
