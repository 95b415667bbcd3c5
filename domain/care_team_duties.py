"""The duties of a care team: a handover is answered."""

from collections.abc import Iterator
from typing import Final

from domain.care_team.team import CareTeam, Handover
from domain.duties import Duty, duty
from domain.ids import StreamId
from domain.party import Party
from domain.rules import Protocols

#: The code under which a protocol states how soon a handover is answered.
HANDOVER: Final = "care_team.handover"


def handover_duties(
    team: CareTeam, handover: Handover, *, about: StreamId, protocols: Protocols
) -> Iterator[Duty]:
    """Yield the duties of a handover: one for each of the two members.

    Both are done when the other member accepts or refuses. A handover that was withdrawn or has
    lapsed owes nothing. The protocol in force when it was offered decides.

    Args:
        team: The care team, for the organisations of the members.
        handover: The handover.
        about: The stream that holds it.
        protocols: The published protocols.
    """
    if handover.state in {"withdrawn", "lapsed"}:
        return
    offer = handover.offer
    opened = offer.happened_at.at
    protocol = protocols.at(opened)
    to_organisation = _organisation(team, offer.to_member)
    due = protocol.due(HANDOVER, opened, protocol.zone_of(to_organisation))
    if due is None:
        return
    scope = ":".join(filter(None, (offer.scope, offer.programme)))
    for member in (offer.to_member, offer.from_member):
        yield duty(
            HANDOVER,
            due,
            about=about,
            opened_at=opened,
            responsible=Party(organisation=_organisation(team, member), person=member),
            done_at=handover.ended.at if handover.ended else None,
            part=f"{scope}/{member}",
        )


def _organisation(team: CareTeam, member: str) -> str:
    found = [each.joined.organisation for each in team.memberships if each.member == member]
    return found[-1] if found else ""
