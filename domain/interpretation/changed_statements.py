"""Statements with members that a rule replaces before the other rules read the statements."""

from dataclasses import replace
from typing import Any

from domain.ids import StatementRef
from domain.statement import Statement


class ChangedStatements:
    """Changes members of statements in one interpretation after another.

    A statement that it returned in the last interpretation is returned again, as the same object,
    if it is still right. So a visit whose statements have not changed is not interpreted again.
    """

    __slots__ = ("_before", "_now")

    def __init__(self) -> None:
        # By ref: the statement as it was given, and as it was changed.
        self._before: dict[StatementRef, tuple[Statement, Statement]] = {}
        self._now: dict[StatementRef, tuple[Statement, Statement]] = {}

    def begin(self) -> None:
        """Begin an interpretation. Statements that the last one did not change are forgotten."""
        self._before, self._now = self._now, {}

    def changed(self, given: Statement, **members: Any) -> Statement:
        """Return a statement with other values of some members."""
        before, kept = self._before.get(given.ref, (None, given))
        if before is not given or any(
            getattr(kept, name) != value for name, value in members.items()
        ):
            kept = replace(given, **members)
        self._now[given.ref] = given, kept
        return kept
