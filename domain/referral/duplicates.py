"""Likely duplicates: two referrals of one person for the same, at about the same time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from domain.ids import StreamId
from domain.referral.ending import ReferralDuplicateCleared, ReferralDuplicateMarked
from domain.referral.milestones import Folded, ended_at
from domain.referral.requesting import ReferralRequested
from domain.referral.states import NotRequested, is_open

#: A referral that was closed this long before the request of another one may be for the same.
CLOSED_WITHIN: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class ComparedReferral:
    """What two referrals of one person are compared by."""

    stream: StreamId
    request: ReferralRequested
    goes_on: bool  # whether it is open
    closed_at: datetime | None  # None: it is not closed
    decided: frozenset[StreamId]  # the referrals that a person has compared it with


def compared(stream: StreamId, folded: Folded) -> ComparedReferral | None:
    """Return a referral as it is compared; None if its request was entered in error."""
    state = folded.state
    if isinstance(state, NotRequested):
        return None
    ended = ended_at(folded) if state.step == "closed" else None
    return ComparedReferral(
        stream,
        state.request,
        is_open(state),
        ended.at if ended else None,
        frozenset(
            each.event.other
            for each in folded.applied
            if isinstance(each.event, ReferralDuplicateMarked | ReferralDuplicateCleared)
        ),
    )


def likely_duplicates(
    one: ComparedReferral, others: Iterable[ComparedReferral]
) -> tuple[StreamId, ...]:
    """Return the referrals of the same person that ``one`` is likely a duplicate of.

    ``others`` are all referrals of the person; ``one`` may be among them. A pair that a person has
    compared is left out, from whichever side the person did it.
    """
    return tuple(
        sorted(
            other.stream
            for other in others
            if other.stream != one.stream
            and other.stream not in one.decided
            and one.stream not in other.decided
            and _for_the_same(one.request, other.request)
            and _at_the_same_time(one, other)
        )
    )


def duplicates_by_stream(
    referrals: Mapping[StreamId, ComparedReferral],
) -> dict[StreamId, tuple[StreamId, ...]]:
    """Return the likely duplicates of each referral of one person that has any."""
    found = {
        stream: likely_duplicates(one, referrals.values()) for stream, one in referrals.items()
    }
    return {stream: others for stream, others in found.items() if others}


def can_be_compared(request: ReferralRequested) -> bool:
    """Tell whether a referral states what a duplicate must have in common with it."""
    return request.reason_category != "" and (request.service != "" or request.specialty != "")


def _for_the_same(one: ReferralRequested, other: ReferralRequested) -> bool:
    """Tell whether service or specialty, and the category of the reason, are stated and equal.

    A member that is not stated equals nothing: a sealed specialty takes no part.
    """
    same_service = one.service != "" and one.service == other.service
    same_specialty = one.specialty != "" and one.specialty == other.specialty
    same_reason = one.reason_category != "" and one.reason_category == other.reason_category
    return (same_service or same_specialty) and same_reason and one.mode == other.mode


def _at_the_same_time(one: ComparedReferral, other: ComparedReferral) -> bool:
    """Tell whether both are open, or one was closed shortly before the other was requested."""
    earlier, later = sorted((one, other), key=lambda each: each.request.happened_at.at)
    return (later.goes_on or later.closed_at is not None) and (
        earlier.goes_on
        or (
            earlier.closed_at is not None
            and earlier.closed_at + CLOSED_WITHIN >= later.request.happened_at.at
        )
    )


def as_new(stream: StreamId, request: ReferralRequested) -> ComparedReferral:
    """Return a referral that is not recorded yet, as it is compared."""
    return ComparedReferral(stream, request, goes_on=True, closed_at=None, decided=frozenset())
