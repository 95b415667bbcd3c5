"""Refuse what is said to have happened before the birth or after the death of the person.

Both are asked for once for all commands that are decided together. If they cannot be read, that is
the answer to each command that needs them.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias

from commands.command import Command
from commands.ports.facts import Facts
from domain.errors import BeforeBirth, DomainError, PatientDeceased
from domain.events import OwnEvent
from domain.ids import RecordId

#: The place of a command among those decided together, the command, and the events decided for it.
Decided: TypeAlias = tuple[int, Command, Sequence[OwnEvent]]


class _DecidedFact(NamedTuple):
    """When an event that was decided happened, by the source record that it names."""

    place: int
    record: RecordId
    since: datetime
    until: datetime


def refusals_by_life(decisions: Sequence[Decided], facts: Facts) -> dict[int, Exception]:
    """Return the refusals of what happened outside the life of the person, by place.

    The date of birth is sealed, so it is asked for only if the caller stated a time.
    """
    before = _refused(
        _told(each for each in decisions if each[1].happened_at),
        facts.born_at,
        lambda fact, birth: fact.until < birth,
        BeforeBirth,
    )
    after = _refused(
        _told(each for each in decisions if not each[1].AFTER_DEATH),
        facts.died_at,
        lambda fact, death: fact.since > death,
        PatientDeceased,
    )
    return before | after


def _told(decisions: Iterable[Decided]) -> list[_DecidedFact]:
    """Return when the events happened, without those that name no record."""
    return [
        _DecidedFact(place, event.record, event.happened_at.at, event.happened_at.last)
        for place, _, events in decisions
        for event in events
        if event.record is not None
    ]


def _refused(
    told: Sequence[_DecidedFact],
    ask: Callable[[Collection[RecordId]], Mapping[RecordId, datetime]],
    is_outside: Callable[[_DecidedFact, datetime], bool],
    refusal: type[DomainError],
) -> dict[int, Exception]:
    if not told:
        return {}
    try:
        known = ask({each.record for each in told})
    except Exception as error:  # noqa: BLE001 - it is the answer to these commands
        return {each.place: error for each in told}
    return {
        each.place: refusal()
        for each in told
        if each.record in known and is_outside(each, known[each.record])
    }
