"""The shape of a case: statements, what they must give, and the rules that the case shows."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.statement import Statement


@dataclass(frozen=True, kw_only=True)
class Case:
    """Some statements and what ``interpret`` must return for them, in every order."""

    name: str
    rules: tuple[str, ...]
    statements: tuple[Statement, ...]
    gives: tuple[str, ...]
    entries: tuple[str, ...] | None
    patients: tuple[str, ...] | None
    census: tuple[str, ...] | None
    team: tuple[str, ...] | None
    fields: tuple[Mapping[str, object], ...] | None
    as_of: str | None
    resend_counts: str


def case(  # noqa: PLR0913  # every expectation that a case can have
    name: str,
    *statements: Statement,
    rules: tuple[str, ...],
    gives: str | tuple[str, ...],
    entries: tuple[str, ...] | None = None,
    patients: tuple[str, ...] | None = None,
    census: tuple[str, ...] | None = None,
    team: tuple[str, ...] | None = None,
    fields: tuple[Mapping[str, object], ...] | None = None,
    as_of: str | None = None,
    resend_counts: str = "",
) -> Case:
    """Make a case. An expectation that is None is not checked.

    Args:
        name: A sentence.
        statements: What the senders sent.
        rules: The rules of docs/reference/interpretation.md that the case shows, by number.
        gives: A line for each encounter; ``summary`` says how these and the next lines are written.
        entries: A line for each entry of the timelines.
        patients: A line for each patient.
        census: Patient and visit number of each encounter that is in the census.
        team: A line for each period of a practitioner in a role, as the hospital states it.
        fields: Further attributes of each encounter, by name.
        as_of: Only what had happened by this time is interpreted (section 13).
        resend_counts: Why a resend of a statement may change what the case gives. Empty: it must
            not (R4.1).
    """
    return Case(
        name=name,
        rules=rules,
        statements=statements,
        gives=(gives,) if isinstance(gives, str) else gives,
        entries=entries,
        patients=patients,
        census=census,
        team=team,
        fields=fields,
        as_of=as_of,
        resend_counts=resend_counts,
    )
