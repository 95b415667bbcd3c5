"""Fold the events of a bucket: all of a stream, or of a component, at once."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

import psycopg
from psycopg import Connection

from domain.statement import Statement
from projections import fold, last_seen
from projections.catalogue import Version
from projections.engine import substrate
from projections.engine.fast import decode_whole
from projections.engine.logged_event import LoggedEvent
from projections.engine.parking import Parked
from projections.engine.services import Services
from projections.engine.substrate import FiledStatement
from projections.rebuilding.loading import Loading

_index: Final = attrgetter("index")


class Folder:
    """The tables of new generations while they are filled through one connection."""

    def __init__(
        self, connection: Connection[Any], versions: Mapping[str, Version], services: Services
    ) -> None:
        self.loading = Loading(connection)
        self._folded = [one for one in versions.values() if one.projection.rows is not None]
        self._statements = versions.get(substrate.NAME)
        self._seen = versions.get(last_seen.NAME)
        self._services = services
        self.parked: list[Parked] = []

    def fold(self, events: Sequence[LoggedEvent], joined: Mapping[str, str]) -> list[LoggedEvent]:
        """Fold the events of whole streams, or of whole components, where these are known.

        ``joined``: the component of each stream that is joined with others. Its statements are
        returned, to be folded when those of the others are there.
        """
        if self._seen is not None:
            seen = last_seen.Folded()
            seen.add(sorted((one for one in events if not one.component), key=_index))
            self.loading.add(self._seen.schema, last_seen.LAST_SEEN, seen.rows())
        if not self._folded and self._statements is None:
            return []
        components: dict[str, list[LoggedEvent]] = {}
        elsewhere: list[LoggedEvent] = []
        alone: list[str] = []
        for one in events:
            if not substrate.is_statement(one.topic):
                continue
            name = one.component
            if not name:
                name = joined.get(one.stream, "")
                if name:
                    one.component = name
                    elsewhere.append(one)
                    continue
                name = one.stream
                if name not in components:
                    alone.append(name)
            components.setdefault(name, []).append(one)
        if self._statements is not None:
            schema = self._statements.schema
            self.loading.add(schema, substrate.COMPONENT, [(name, name) for name in alone])
        for name, said in components.items():
            said.sort(key=_index)  # partitions may have been read one after the other
            self._component(name, said)
        return elsewhere

    def _component(self, name: str, said: Sequence[LoggedEvent]) -> None:
        filed: list[FiledStatement] = []
        broken: ValueError | None = None
        for one in said:
            statement: Statement | None = None
            try:
                statement, segments = decode_whole(one.body)
            except ValueError as error:
                broken = error
            else:
                filed.append(substrate.filed_as(one, statement, segments))
            if self._statements is not None:
                row = substrate.row_of(one, statement)
                self.loading.add(self._statements.schema, substrate.STATEMENT, (row,))
        if not self._folded:
            return
        if broken is not None:
            self._park(name, said, broken)
            return
        try:
            found = fold.rows_of(name, filed, self._folded, self._services)
        except (psycopg.Error, OSError):
            raise
        except Exception as error:  # noqa: BLE001  # set aside with its reason, as live
            self._park(name, said, error)
            return
        for schema, table, rows in found:
            self.loading.add(schema, table, rows)

    def _park(self, name: str, said: Sequence[LoggedEvent], error: Exception) -> None:
        reason = type(error).__name__
        self.parked += [
            Parked(component=name, index=one.index, event_id=one.event_id, reason=reason)
            for one in said
        ]
