"""Up to which event an answer is complete."""

from collections.abc import Callable
from datetime import datetime

from caretrail.reading.patient_index import Database
from projections import audit_trail
from projections.audit_trail import LogPosition


class Positions:
    """Finds positions in the log. Each method works on the connection of its caller."""

    def __init__(self, complete_through: Callable[[Database], int] | None = None) -> None:
        """Take what knows how far the read models are.

        Args:
            complete_through: Returns the index up to which the read models hold every event. If it
                is not given, the highest index in them is used.
        """
        self._complete_through = complete_through

    def at(self, connection: Database, known_at: int | datetime | None) -> LogPosition:
        """Return the position of an index or an instant; None: the latest one."""
        if known_at is None:
            return self.latest(connection)
        return audit_trail.known_at(connection, known_at)

    def latest(self, connection: Database) -> LogPosition:
        """Return the position up to which the read models hold every event."""
        highest = audit_trail.latest(connection)
        if self._complete_through is None:
            return highest
        through = self._complete_through(connection)
        return highest if through >= highest.index else audit_trail.known_at(connection, through)
