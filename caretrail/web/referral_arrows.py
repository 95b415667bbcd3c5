"""Draw referrals in the picture: from the lane of the requester to the lane of the target."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from textwrap import wrap
from typing import Final

from caretrail.web.bars import CHARACTER, n
from caretrail.web.scale import WIDTH, Scale
from caretrail.web.shapes import DrawnText, Lane, ReferralArrow, RevisionMark

_EMPTY_LANE: Final = 40.0  # height of the lane of an organisation that only referrals name
_TOP, _APART, _BOTTOM = 9.0, 13.0, 6.0  # of the lines of a lane
_TURN: Final = 6.0
_SHORTEST: Final = 26.0  # a ring of 24 units fits


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnReferral:
    """What the picture says about a referral."""

    href: str
    title: str
    requester: str  # code of the organisation
    target: str
    requested_at: datetime
    ended_at: datetime | None  # when the patient was seen, or it ended; None: it goes on
    overdue: str  # empty: nothing is overdue
    is_seen: bool  # a visit was held: the line is solid


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnRevision:
    """What the picture says about a revision of a plan."""

    href: str
    title: str
    number: int
    at: datetime


def lanes_with_targets(
    lanes: Sequence[Lane],
    referrals: Iterable[DrawnReferral],
    names: dict[str, str],
    top: float,
) -> list[Lane]:
    """Return the lanes, then one for each organisation that only a referral names.

    Args:
        lanes: The lanes of facilities.
        referrals: The referrals in the window.
        names: The names of organisations by code.
        top: The lower edge of the last lane.
    """
    made = list(lanes)
    known = {lane.code for lane in lanes}
    for each in referrals:
        for code in (each.requester, each.target):
            if code and code not in known:
                known.add(code)
                name = names.get(code, code)
                made.append(
                    Lane(
                        name=name,
                        name_lines=tuple(wrap(name, 26, max_lines=2, placeholder="…")),
                        code=code,
                        note="",
                        top=top,
                        height=_EMPTY_LANE,
                        bars=(),
                    )
                )
                top += _EMPTY_LANE
    return made


def referral_arrows(
    referrals: Iterable[DrawnReferral], lanes: Sequence[Lane], scale: Scale, as_of: datetime
) -> tuple[ReferralArrow, ...]:
    """Return the arrows of referrals whose organisations have lanes."""
    by_code = {lane.code: lane for lane in lanes}
    used: dict[str, int] = {}
    made = []
    for each in referrals:
        source, target = by_code.get(each.requester), by_code.get(each.target)
        if source is None or target is None:
            continue
        number = used.get(target.code, 0)
        used[target.code] = number + 1
        made.append(_arrow(each, source, target, number, scale, as_of))
    return tuple(made)


def _arrow(  # two lanes, a place and a scale
    one: DrawnReferral, source: Lane, target: Lane, number: int, scale: Scale, as_of: datetime
) -> ReferralArrow:
    x0 = min(scale.within(one.requested_at), WIDTH - _SHORTEST - 8)
    x1 = min(max(scale.within(one.ended_at or as_of), x0 + _SHORTEST), WIDTH - 6)
    room = target.height - _TOP - _BOTTOM
    y1 = target.top + _TOP + (number * _APART) % room
    down = target.top >= source.top
    y0 = source.top + (source.height - _BOTTOM if down else _TOP)
    if source is target:
        y0, path = y1, f"M{n(x0)} {n(y1)}H{n(x1 - 5)}"
    else:
        way = 1 if down else -1
        path = (
            f"M{n(x0)} {n(y0)}V{n(y1 - way * _TURN)}"
            f"Q{n(x0)} {n(y1)} {n(x0 + _TURN)} {n(y1)}H{n(x1 - 5)}"
        )
    said = one.title if not one.overdue else f"{one.title}, {one.overdue}"
    if len(said) * CHARACTER > x1 - x0 - 14:
        said = one.overdue or one.title
    fits = len(said) * CHARACTER <= x1 - x0 - 14
    text = DrawnText(
        x=round(x0 + 9, 1),
        y=round(y1 + 4, 1),
        text=said,
        anchor="start",
        css="late-t halo" if one.overdue else "halo",
    )
    state = "seen" if one.is_seen else "open" if one.ended_at is None else "ended"
    return ReferralArrow(
        href=one.href,
        link_text=", ".join(
            filter(
                None,
                (f"Referral {one.title}", f"{source.name} to {target.name}", state, one.overdue),
            )
        ),
        path=path,
        head=f"M{n(x1 - 6)} {n(y1 - 3.5)}v7l6 -3.5Z",
        start=(round(x0, 1), round(y0, 1)),
        is_open=not one.is_seen,
        text=text if fits else None,
        ring=(round(x0 - 2, 1), round(y1 - 12, 1), round(max(x1 - x0 + 4, 24), 1), 24.0),
    )


def revision_marks(
    revisions: Iterable[DrawnRevision], scale: Scale, y: float
) -> tuple[RevisionMark, ...]:
    """Return the marks of the revisions of plans in their row."""
    return tuple(
        RevisionMark(
            href=each.href,
            link_text=each.title,
            x=round(scale.within(each.at), 1),
            y=y,
            number=str(each.number),
        )
        for each in revisions
    )
