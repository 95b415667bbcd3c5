"""Which records may concern each other: a union that only grows, named by its smallest node."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql


@dataclass(frozen=True, slots=True)
class Touched:
    """What a batch touched: the components as they are now, and where those went that are not."""

    components: tuple[str, ...]
    absorbed: dict[str, str]


class Union:
    """Sets of nodes that are joined one group at a time, in memory.

    >>> union = Union()
    >>> union.join(("d", "c")); union.join(("b",)); union.join(("c", "a"))
    >>> [union.find(node) for node in "abcd"]
    ['a', 'b', 'a', 'a']
    """

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def join(self, nodes: Sequence[str]) -> None:
        """Make one set of all ``nodes``."""
        first = self.find(nodes[0])
        for node in nodes[1:]:
            other = self.find(node)
            if other != first:
                if other < first:
                    first, other = other, first
                self._above[other] = first

    def find(self, node: str) -> str:
        """Return the smallest node of the set; a node never met is one of its own."""
        above = self._above.setdefault(node, node)
        while above != node:
            higher = self._above[above]
            self._above[node] = higher
            node, above = above, higher
        return node

    def nodes(self) -> Iterable[str]:
        """Return all nodes met."""
        return self._above.keys()


def join(connection: Connection[Any], schema: str, groups: Sequence[Sequence[str]]) -> Touched:
    """Join the nodes of each group, and lock every component touched, in the order of their ids.

    A component stays locked until the transaction ends, so that whoever interprets it next sees
    all its statements.

    Raises:
        psycopg.errors.DeadlockDetected: Another applier joins the same components the other way
            round; run the transaction again.
    """
    nodes = sorted({node for group in groups for node in group})
    if not nodes:
        return Touched((), {})
    table = sql.Identifier(schema, "component")
    connection.execute(
        sql.SQL(
            "insert into {} (node, component) select node, node from unnest(%s::text[]) as n(node)"
            " order by node on conflict do nothing"
        ).format(table),
        (nodes,),
    )
    above = _lock(connection, table, nodes)
    union = Union()
    for group in groups:
        union.join([above[node] for node in group])
    roots = sorted(set(above.values()))
    absorbed = {root: union.find(root) for root in roots if union.find(root) != root}
    if absorbed:
        connection.execute(
            sql.SQL(
                "update {} as c set component = m.now"
                " from unnest(%s::text[], %s::text[]) as m(before, now)"
                " where c.component = m.before"
            ).format(table),
            (list(absorbed), list(absorbed.values())),
        )
    return Touched(
        components=tuple(sorted({union.find(root) for root in roots})), absorbed=absorbed
    )


def lock(connection: Connection[Any], schema: str, nodes: Sequence[str]) -> Touched:
    """Lock the components of ``nodes``, which are there, in the order of their ids."""
    above = _lock(connection, sql.Identifier(schema, "component"), sorted(set(nodes)))
    return Touched(components=tuple(sorted(set(above.values()))), absorbed={})


def _lock(connection: Connection[Any], table: sql.Identifier, nodes: list[str]) -> dict[str, str]:
    """Lock the components of ``nodes``: again while another applier joins them with more."""
    locked: set[str] = set()
    while True:
        above = dict(
            connection.execute(
                sql.SQL("select node, component from {} where node = any(%s)").format(table),
                (nodes,),
            ).fetchall()
        )
        missing = set(above.values()) - locked
        if not missing:
            return above
        connection.execute(
            sql.SQL("select from {} where node = any(%s) order by node for update").format(table),
            (sorted(missing),),
        )
        locked |= missing
