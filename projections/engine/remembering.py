"""Use the memory of large components in a fold: see ``component_memory``."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from psycopg import Connection

from projections.engine import substrate
from projections.engine.component_memory import (
    ChangedRows,
    ComponentMemory,
    RememberedComponent,
    StoredStatements,
    TableOfRows,
    changed_rows,
)
from projections.engine.events import FiledStatement

#: Components with fewer statements are read and replaced as a whole, which costs less.
_LARGE: Final = 250


def stored_statements(
    connection: Connection[Any],
    schema: str,
    names: Sequence[str],
    memory: ComponentMemory | None,
    *,
    without: Sequence[int],
) -> dict[str, StoredStatements]:
    """Return the statements of components; those that are remembered are not read again.

    Args:
        connection: In a transaction that has locked the components.
        schema: Of the substrate.
        names: The components.
        memory: The components that are remembered.
        without: Indexes to leave out, because the caller has these statements already.
    """
    found: dict[str, StoredStatements] = {}
    for name in names:
        known = None if memory is None else memory.known(name)
        if known is None or known.schema != schema:
            continue
        others = substrate.filed_since(
            connection, schema, name, known=known.indexes, without=without
        )
        if others is not None:
            found[name] = StoredStatements(known, others)
    rest = [name for name in names if name not in found]
    if rest:
        read = substrate.filed_by_component(connection, schema, rest, without=without)
        found |= {name: StoredStatements(None, some) for name, some in read.items()}
    return found


def large_components(
    decoded: Mapping[str, Sequence[FiledStatement]],
    stored: Mapping[str, StoredStatements],
    schema: str,
) -> dict[str, RememberedComponent]:
    """Return the components that are worth remembering, as they were folded last.

    Args:
        decoded: All statements of each component.
        stored: Those that are in the substrate.
        schema: Of the substrate.
    """
    return {
        name: stored[name].known or RememberedComponent(schema=schema)
        for name, filed in decoded.items()
        if len(filed) >= _LARGE
    }


def differing_rows(
    fresh: Mapping[str, Sequence[TableOfRows]],
    stored: Mapping[str, StoredStatements],
    *,
    unshown: Collection[int],
    absorbing: Collection[str],
) -> dict[str, Sequence[ChangedRows]]:
    """Return the rows that differ from those in the database, of components whose rows are known.

    Args:
        fresh: The new rows, by component.
        stored: The statements of each component.
        unshown: Indexes of statements whose component was not folded since they were filed. If
            there are others, another process has made rows of them.
        absorbing: Components that absorb others: their rows are replaced as a whole.
    """
    found: dict[str, Sequence[ChangedRows]] = {}
    for name, rows in fresh.items():
        known, others = stored[name]
        if known is None or name in absorbing:
            continue
        if all(one.source_position in unshown for one in others):
            changed = changed_rows(known.rows, rows)
            if changed is not None:
                found[name] = changed
    return found


def remember(
    memory: ComponentMemory,
    large: Mapping[str, RememberedComponent],
    decoded: Mapping[str, Sequence[FiledStatement]],
    fresh: Mapping[str, Sequence[TableOfRows]],
    others: Iterable[str],
) -> None:
    """Remember the large components when the transaction commits, and forget ``others``.

    Args:
        memory: The memory.
        large: The large components, as they were folded last.
        decoded: All statements of each component.
        fresh: The rows that were written, by component.
        others: Components that are absorbed, that are small, or whose rows were not written.
    """
    for name in others:
        memory.forget(name)
    for name, rows in fresh.items():
        if name in large:
            memory.remember(name, large[name].folded(decoded[name], rows))
        else:
            memory.forget(name)
