"""Link components: the sets of records that may concern each other.

A component only grows, and its smallest node names it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from psycopg import Connection, sql

from projections.engine.arrays import texts


@dataclass(frozen=True, slots=True)
class TouchedComponents:
    """The components that a batch touched, as they are now."""

    components: tuple[str, ...]
    absorbed: dict[str, str]  # an absorbed component: the component that absorbed it
    of: dict[str, str]  # node of the batch: its component


class UnionFind:
    """Join sets of nodes in memory, one group at a time (union-find).

    >>> union = UnionFind()
    >>> union.join(("d", "c")); union.join(("b",)); union.join(("c", "a"))
    >>> [union.find(node) for node in "abcd"]
    ['a', 'b', 'a', 'a']
    """

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def join(self, nodes: Sequence[str]) -> None:
        """Make one set of the sets of all ``nodes``."""
        first = self.find(nodes[0])
        for node in nodes[1:]:
            other = self.find(node)
            if other != first:
                if other < first:
                    first, other = other, first
                self._above[other] = first

    def find(self, node: str) -> str:
        """Return the smallest node of the set of ``node``. A new node is a set of its own."""
        above = self._above.setdefault(node, node)
        while above != node:
            higher = self._above[above]
            self._above[node] = higher
            node, above = above, higher
        return node

    def nodes(self) -> Iterable[str]:
        """Return all nodes that were joined or looked for."""
        return self._above.keys()


def join(
    connection: Connection[Any], schema: str, groups: Sequence[Sequence[str]]
) -> TouchedComponents:
    """Join the nodes of each group, and lock every component touched, in the order of their ids.

    A component stays locked until the transaction ends. So the transaction that interprets it next
    sees all its statements.

    Raises:
        psycopg.errors.DeadlockDetected: Another transaction joins the same components in another
            order. Run this transaction again.
    """
    nodes = sorted({node for group in groups for node in group})
    if not nodes:
        return TouchedComponents((), {}, {})
    text = texts(nodes)
    with connection.pipeline():
        connection.execute(_statements(schema).insert, (text,))
        above = _lock(connection, schema, text)
    union = UnionFind()
    for group in groups:
        union.join([above[node] for node in group])
    roots = sorted(set(above.values()))
    absorbed = {root: union.find(root) for root in roots if union.find(root) != root}
    if absorbed:
        connection.execute(
            _statements(schema).absorb, (texts(list(absorbed)), texts(list(absorbed.values())))
        )
    of = {node: union.find(root) for node, root in above.items()}
    return TouchedComponents(components=tuple(sorted(set(of.values()))), absorbed=absorbed, of=of)


def lock(connection: Connection[Any], schema: str, nodes: Sequence[str]) -> TouchedComponents:
    """Lock the components of ``nodes``, which must be filed, in the order of their ids.

    ``absorbed`` lists all former components, because the caller may still hold rows under an old
    name.
    """
    with connection.pipeline():
        above = _lock(connection, schema, texts(sorted(set(nodes))))
    names = tuple(sorted(set(above.values())))
    members = connection.execute(_statements(schema).members, (texts(names),)).fetchall()
    absorbed = {node: name for node, name in members if node != name}
    return TouchedComponents(components=names, absorbed=absorbed, of=above)


@dataclass(frozen=True, slots=True)
class _Statements:
    insert: bytes
    lock: bytes
    read: bytes
    members: bytes
    absorb: bytes


@lru_cache(maxsize=8)
def _statements(schema: str) -> _Statements:
    table = sql.Identifier(schema, "component")
    return _Statements(
        insert=sql.SQL(
            "insert into {} (node, component) select node, node from unnest(%s::text[]) as n(node)"
            " on conflict do nothing"
        )
        .format(table)
        .as_bytes(None),
        # A component is locked by the row of the node that names it.
        lock=sql.SQL(
            "select node from {table} where node in"
            " (select component from {table} where node = any(%s::text[]))"
            " order by node for update"
        )
        .format(table=table)
        .as_bytes(None),
        read=sql.SQL("select node, component from {} where node = any(%s::text[])")
        .format(table)
        .as_bytes(None),
        members=sql.SQL("select node, component from {} where component = any(%s::text[])")
        .format(table)
        .as_bytes(None),
        absorb=sql.SQL(
            "update {} as c set component = m.now"
            " from unnest(%s::text[], %s::text[]) as m(before, now)"
            " where c.component = m.before"
        )
        .format(table)
        .as_bytes(None),
    )


def _lock(connection: Connection[Any], schema: str, nodes: str) -> dict[str, str]:
    """Lock the components of ``nodes``. Repeat while another transaction joins them with more."""
    locked: set[str] = set()
    while True:
        locking = connection.execute(_statements(schema).lock, (nodes,))
        reading = connection.execute(_statements(schema).read, (nodes,))
        locked |= {name for (name,) in locking.fetchall()}
        above = dict(reading.fetchall())
        if locked.issuperset(above.values()):
            return above
