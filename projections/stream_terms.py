"""What lists of own streams are asked for: the state of a stream, and the codes that it names.

A stream has the terms of what goes on in it. Some of them state a period, such as an attribution or
a claim: a list finds the stream only at the instants at which the term holds.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple

from domain.attribution import Attributions
from domain.care_team.events import CareTeamEvent
from domain.care_team.team import CareTeam
from domain.decider import FoldedStream
from domain.medication_facts import MedicationEvent
from domain.medication_list import KnownLists, Medications, NoList
from domain.party import Party
from domain.work import Work, WorkEvent
from projections.medication_reconciliation import list_rows


class StreamTerm(NamedTuple):
    """A word under which a list finds a stream, and the code that goes with it."""

    term: str
    code: str = ""  # empty: the term has none
    since: datetime | None = None  # None: no beginning is stated
    until: datetime | None = None  # None: no end is stated


def state_of_team(folded: FoldedStream[CareTeam, CareTeamEvent]) -> str:
    """Return the state of a care team, as FHIR CareTeam names it; or that all of it is void.

    A stream that holds only reports that do not count has no member.
    """
    memberships = folded.state.memberships
    if not memberships and folded.void:
        return "entered_in_error"
    return "active" if any(each.until is None for each in memberships) else "inactive"


def state_of_attributions(attributions: Attributions) -> str:
    """Return whether a stream attributes a person, or all of it is void."""
    return "attributed" if attributions.periods else "entered_in_error"


def state_of_medications(folded: FoldedStream[Medications, MedicationEvent]) -> str:
    """Return how far the medication lists of a stream are, or that all of them are void.

    A stream that holds only a report of another system has no list.
    """
    void = isinstance(folded.state, NoList) and folded.void
    return "entered_in_error" if void else folded.state.WORD


def terms_of_team(team: CareTeam) -> Iterator[StreamTerm]:
    """Yield the members, organisations, coordinators and open handovers of a care team."""
    for member in team.memberships:
        if member.until is not None:
            continue
        yield StreamTerm("member", member.member)
        if member.joined.kind == "organisation":
            yield StreamTerm("organisation", member.member)
        elif member.joined.organisation:
            yield StreamTerm("organisation", member.joined.organisation)
    for each in team.coordinations:
        if each.until is None:
            yield StreamTerm("coordinator", each.member)
    for handover in team.handovers:
        if handover.state == "open":
            yield StreamTerm("handover_to", handover.offer.to_member)


def terms_of_attributions(attributions: Attributions) -> Iterator[StreamTerm]:
    """Yield the targets and the rosters of attributions, with their periods."""
    for each in attributions.periods:
        fact = each.fact
        period = (fact.since.at, each.until.at if each.until else None)
        yield StreamTerm(fact.target_kind, fact.target, *period)
        if fact.roster:
            yield StreamTerm("roster", fact.roster, *period)


def terms_of_medications(
    known: KnownLists, *, compared_elsewhere: Collection[str]
) -> Iterator[StreamTerm]:
    """Yield who recorded and reconciled lists, and what is left to do.

    Args:
        known: The lists of a stream.
        compared_elsewhere: Its lists that reconciliations of other streams compared.
    """
    facts = (
        *known.lists.values(),
        *known.reconciliations,
        *(each.found for each in known.discrepancies.values()),
    )
    for fact in facts:
        yield from _parties(fact.by)
    for row in list_rows(known, compared_elsewhere).values():
        yield StreamTerm("source", row.source)
        if not row.is_compared:
            yield StreamTerm("not_compared")
    if any(each.resolved is None for each in known.discrepancies.values()):
        yield StreamTerm("open_discrepancy")


def terms_of_work(work: Work, about: WorkEvent) -> Iterator[StreamTerm]:
    """Yield who has claimed the work on a duty, who is assigned, and whether it waits.

    Args:
        work: The facts.
        about: An event of the stream: it names the duty.
    """
    yield StreamTerm("duty", about.duty)
    if work.claim is not None:
        yield StreamTerm("claimed", until=work.claim.until)
        yield from _parties(work.claim.by, until=work.claim.until)
    if work.assignment is not None:
        yield StreamTerm("assigned")
        yield from _parties(work.assignment.to)
    if work.snooze is not None:
        yield StreamTerm("waiting", until=work.snooze.until)


def _parties(party: Party, *, until: datetime | None = None) -> Iterator[StreamTerm]:
    for term, code in (
        ("organisation", party.organisation), ("person", party.person), ("pool", party.pool),
    ):  # fmt: skip
        if code:
            yield StreamTerm(term, code, until=until)
