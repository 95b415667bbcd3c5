"""Components with thousands of statements: no other component waits until they are folded.

A batch only files their statements and notes that they wait (``parking``, part ``waiting``). Its
transaction ends at once, and the rows of all others can be read. Large components are folded
afterwards, each in a transaction of its own, on another connection. Until then the complete-through
position is below their waiting events.
"""

from collections.abc import Collection, Iterable, Sequence
from threading import Event, Lock
from typing import Any, Final

from psycopg import Connection, sql

from projections.engine.arrays import texts
from projections.engine.substrate import ArrivedStatement

#: A component with this many statements is large.
STATEMENTS: Final = 1_000


class LargeComponents:
    """The names of large components. The projector and the thread that folds them share it."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._lock = Lock()
        self._waiting = Event()

    def __contains__(self, component: str) -> bool:
        with self._lock:
            return component in self._names

    def note(self, statements: Iterable[tuple[str, int]]) -> None:
        """Note the components, given with their number of statements, that are large."""
        large = [component for component, count in statements if count >= STATEMENTS]
        if large:
            with self._lock:
                self._names.update(large)

    def wake(self) -> None:
        """Say that a component may wait to be folded."""
        self._waiting.set()

    def sleep(self, seconds: float) -> None:
        """Return when a component may wait, or after ``seconds``."""
        if self._waiting.wait(seconds):
            self._waiting.clear()


def counted(connection: Connection[Any], schema: str) -> list[tuple[str, int]]:
    """Return the large components and their numbers of statements. It reads all statements."""
    return connection.execute(
        sql.SQL(
            "select c.component, count(*) from {} as c join {} as s on s.record_id = c.node"
            " group by c.component having count(*) >= %s"
        ).format(sql.Identifier(schema, "component"), sql.Identifier(schema, "statement")),
        (STATEMENTS,),
    ).fetchall()


def of_large(
    connection: Connection[Any],
    schema: str,
    arrived: Sequence[ArrivedStatement],
    large: LargeComponents,
    others: Collection[str],
) -> dict[int, str]:
    """Return the statements that only a large component concerns: by index, the component.

    A statement that joins components is not among them. Nothing is locked.

    Args:
        connection: In the transaction of the batch.
        schema: Of the substrate.
        arrived: The statements of the batch.
        large: The large components.
        others: Nodes of own events in the batch, whose components are folded with it.
    """
    nodes = {node for one in arrived for node in one.nodes}
    found: dict[str, str] = dict(
        connection.execute(
            sql.SQL("select node, component from {} where node = any(%s::text[])").format(
                sql.Identifier(schema, "component")
            ),
            (texts(sorted(nodes | set(others))),),
        ).fetchall()
    )
    concerned: dict[int, set[str]] = {
        one.index: {found.get(node, node) for node in one.nodes} for one in arrived
    }
    busy = {found.get(node, node) for node in others}
    for names in concerned.values():
        if len(names) > 1:
            busy |= names
    return {
        index: name
        for index, names in concerned.items()
        for name in names
        if len(names) == 1 and name in large and name not in busy
    }
