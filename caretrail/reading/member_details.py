"""Open the names and telephone numbers of the members of a care team."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from caretrail.reading.opening import SegmentOpener, pieces_of
from domain.care_team import CARE_TEAM, KIND
from domain.care_team.events import MemberJoined
from domain.decider import fold
from projections.engine.events import FiledOwnEvent
from projections.person_streams import history


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberDetails:
    """What is sealed about a member. A member is None if it is not stated, or does not open."""

    name: str | None = None
    telephone: str | None = None


def member_details(
    streams: Iterable[Sequence[FiledOwnEvent]], opener: SegmentOpener
) -> dict[str, MemberDetails]:
    """Return what is sealed about the members of care teams, by their codes.

    If a member joined several times, each detail is the one that was stated last.

    Args:
        streams: The events of the care teams of one person.
        opener: Opens the details, if the caller may see them.
    """
    stated: dict[str, dict[str, str]] = {}
    for filed in streams:
        by_id = {each.event_id: each for each in filed}
        for each in fold(CARE_TEAM, history(filed, KIND.events)).applied:
            if isinstance(each.event, MemberJoined):
                texts = stated.setdefault(each.event.member, {})
                for notes in opener.contents(pieces_of(by_id[each.event_id], "notes")):
                    texts |= notes["texts"]
    return {member: _details(texts) for member, texts in stated.items()}


def _details(texts: Mapping[str, str]) -> MemberDetails:
    return MemberDetails(name=texts.get("name"), telephone=texts.get("telephone"))
