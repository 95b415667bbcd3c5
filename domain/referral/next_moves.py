"""The steps of a referral that are worth offering to a person."""

from typing import Final

from domain.referral.ending import ReferralDuplicateCleared, ReferralDuplicateMarked
from domain.referral.milestones import Folded
from domain.referral.moves import moves
from domain.referral.requesting import ReferralSent
from domain.referral.states import is_open

_MARK: Final = ReferralDuplicateMarked.move()
_CLEAR: Final = ReferralDuplicateCleared.move()


def next_moves(folded: Folded, *, likely_duplicate: bool) -> tuple[str, ...]:
    """Return the moves that a state allows and that say something new, in the order of the table.

    ``moves`` returns all that are accepted, such as sending a referral that was sent before. That a
    referral is no duplicate is new if it was marked as one, or is likely one. A referral that has
    ended is marked as a duplicate only if it is likely one.

    Args:
        folded: The referral.
        likely_duplicate: Whether a person still has to decide that.
    """
    nothing_new = set[str]()
    if any(isinstance(each.event, ReferralSent) for each in folded.applied):
        nothing_new.add(ReferralSent.move())
    if not (likely_duplicate or _marked(folded)):
        nothing_new.add(_CLEAR)
    if not (likely_duplicate or is_open(folded.state)):
        nothing_new.add(_MARK)
    return tuple(each for each in moves(folded.state) if each not in nothing_new)


def _marked(folded: Folded) -> bool:
    """Tell whether the referral is marked as a duplicate of another one, and not cleared of it."""
    others = set[str]()
    for each in folded.applied:
        if isinstance(each.event, ReferralDuplicateMarked):
            others.add(each.event.other)
        elif isinstance(each.event, ReferralDuplicateCleared):
            others.discard(each.event.other)
    return bool(others)
