"""The care team beside the timeline: members, what hospitals state, and attributions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from caretrail.reading.care import CareReading
from caretrail.reading.members import Json, instant_of
from caretrail.reading.opening import full_name
from caretrail.web.plan_words import (
    spaced,
)
from caretrail.web.words import Words
from domain.interpretation import ROLE_WORDS

_SCOPES: Final[Mapping[str, str]] = {
    "all": "Responsible now",
    "transition": "Responsible for the transition",
}
_ATTRIBUTED: Final[Mapping[str, str]] = {
    "command": "recorded",
    "roster": "by a roster",
    "pd1": "stated by a hospital",
    "in1": "stated by a hospital",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamLine:
    """A person or an organisation that takes care of the patient."""

    label: str
    name: str
    note: str
    lead: bool = False
    actions: Sequence[tuple[str, str]] = ()  # address, text


@dataclass(frozen=True, slots=True)
class TeamSection:
    """The team as people recorded it: who is in it now, and who was before."""

    now: list[TeamLine]
    before: list[TeamLine]


def team_section(
    teams: Iterable[Json], care: CareReading, words: Words, *, forms: str = ""
) -> TeamSection:
    """Return the team as people recorded it: who is responsible first, then the members.

    Args:
        teams: The streams of the team.
        care: The care of the patient.
        words: The words of the pages.
        forms: Address of the forms of the patient; empty: nothing can be recorded.
    """
    now: list[TeamLine] = []
    before: list[TeamLine] = []
    for team in teams:
        roles = {each["member"]: each for each in team["members"]}
        for each in team["coordinators"]:
            label = _SCOPES.get(each["scope"]) or f"Responsible for {spaced(each['programme'])}"
            line = TeamLine(
                label=label if each["until"] is None else "Responsible",
                name=_member_name(roles.get(each["member"], each), words),
                note=_period(each, care.at, words),
                lead=each["until"] is None,
            )
            (now if each["until"] is None else before).append(line)
        for each in team["handovers"]:
            if each["state"] == "open":
                offered = words.near(
                    instant_of(each["offered_at"]), care.at, each["offered_precision"]
                )
                now.append(
                    TeamLine(
                        label="Handover offered",
                        name=f"{each['from_member']} to {each['to_member']}",
                        note=f"{offered}, not answered; responsible until then: the first",
                        actions=_answers(each, forms) if forms else (),
                    )
                )
        for each in team["members"]:
            line = TeamLine(
                label=spaced(each["role"]).capitalize(),
                name=_member_name(each, words),
                note=_period(each, care.at, words),
            )
            (now if each["until"] is None else before).append(line)
    return TeamSection(now, before)


#: The answers to a handover, and the member that each names.
_ANSWERS: Final = (
    ("accept_handover", "Accept", "to_member"),
    ("refuse_handover", "Refuse", "to_member"),
    ("withdraw_handover", "Withdraw", "from_member"),
)


def _answers(handover: Json, forms: str) -> list[tuple[str, str]]:
    scope = {"scope": handover["scope"], "programme": handover["programme"] or ""}
    return [
        (f"{forms}/care_team/{verb}?{urlencode({**scope, member: handover[member]})}", text)
        for verb, text, member in _ANSWERS
    ]


def _member_name(member: Json, words: Words) -> str:
    organisation = member.get("organisation")
    parts = (member["member"], words.facility(organisation) if organisation else "")
    return ", ".join(dict.fromkeys(filter(None, parts)))


def _period(each: Json, at: datetime, words: Words) -> str:
    since = words.near(instant_of(each["since"]), at, each["since_precision"])
    if each["until"] is None:
        return f"since {since}"
    return f"{since} to {words.near(instant_of(each['until']), at, each['until_precision'])}"


def stated_members(care: CareReading, words: Words) -> list[TeamLine]:
    """Return the practitioners that hospitals state, with the names that open."""
    made = []
    for each in care.stated:
        member = each.member
        name = full_name([each.named.name]) if each.named else ""
        role = ROLE_WORDS.get(member.role)
        since = (
            f", since {words.near(member.since, care.at, member.since_precision)}"
            if member.since
            else ""
        )
        made.append(
            TeamLine(
                label=spaced(role).capitalize() if role else f"Role {member.role}",
                name=f"{name or 'name not stated'}, {words.facility(member.facility)}",
                note=f"stated by the hospital{since}",
            )
        )
    return made


def attributed_parties(care: CareReading, words: Words) -> list[TeamLine]:
    """Return the attributions in force, and after them the practice that is proposed.

    The first attribution of each kind is the one that counts.
    """
    lines = [
        TeamLine(
            label=f"{spaced(each.target_kind).capitalize()}, attributed",
            name=words.facility(each.target),
            note=f"{'wish of the person' if each.own_wish else _ATTRIBUTED[each.source]},"
            f" since {words.near(each.since, care.at, each.since_precision)}",
        )
        for each in care.attributions
    ]
    if care.proposed is not None:
        seen = words.near(care.proposed.at, care.at)
        lines.append(
            TeamLine(
                label="Practice, proposed",
                name=words.facility(care.proposed.practice),
                note=f"last seen in primary care {seen}; not attributed",
            )
        )
    return lines
