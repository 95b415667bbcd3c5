"""Read models to which a test tells events one after the other, and reads at other instants."""

from collections.abc import Sequence
from datetime import datetime

import psycopg

from caretrail.reading.past_courses import TwoClocks
from caretrail.reading.past_rows import PastRows
from projections.audit_trail import LogPosition
from projections.catalogue import PROJECTIONS
from projections.engine import fold, resuming
from projections.engine.services import Services
from projections.rebuilding.rebuild import rebuild
from tests.projections.samples import Log, SampleOwnEvent, SampleStatement


class ToldModels:
    """All read models, and the log of what they hold."""

    def __init__(self, connection: psycopg.Connection, services: Services) -> None:
        self.connection = connection
        self.services = services
        self.log = Log()

    def tell(self, *story: SampleStatement | SampleOwnEvent) -> int:
        """Record events and fold them; return the index of the last one."""
        events = self.log.record(*story)
        done = fold.apply(
            self.connection, PROJECTIONS, events, heal=self.log.heal, services=self.services
        )
        assert done.parked == ()
        while resuming.fold_waiting(self.connection, PROJECTIONS, self.services):
            pass
        return events[-1].envelope.index

    def rebuilt(self) -> None:
        """Make all rows again from the log."""
        rebuild(
            self.connection, PROJECTIONS, [], self.log.events, heal=self.log.heal,
            services=self.services,
        )  # fmt: skip

    def past(
        self,
        *,
        as_of: datetime | None = None,
        known: int | None = None,
        components: Sequence[str] | None = None,
    ) -> PastRows:
        """Return the read models as of an instant, and as known at an index."""
        return PastRows(
            self.connection,
            TwoClocks(as_of=as_of, known=known),
            self.services,
            known=LogPosition(index=known or 0, recorded_at=None),
            components=components,
        )
