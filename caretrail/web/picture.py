"""Draw the continuity timeline of one patient: from domain values to shapes.

``docs/reference/pages.md`` has the rules and measures. The picture is 1120 units wide. The lane
names are in a picture of 176 units beside it.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from caretrail.reading.transitions import TransitionReading
from caretrail.web.bars import CHARACTER, extent, n
from caretrail.web.lane_bars import LaneContext, draw_lane
from caretrail.web.lanes import DrawnBar, LaneBars, rows
from caretrail.web.links import arrow, bracket, gap_line
from caretrail.web.referral_arrows import (
    DrawnReferral,
    DrawnRevision,
    lanes_with_targets,
    referral_arrows,
    revision_marks,
)
from caretrail.web.scale import WIDTH, Scale, ticks, window
from caretrail.web.shapes import (
    Arrow,
    Bracket,
    Caption,
    DrawnText,
    EarlierLink,
    GapLine,
    Lane,
    Picture,
)
from caretrail.web.transition_bands import HEIGHT as BAND_HEIGHT
from caretrail.web.transition_bands import transition_bands
from caretrail.web.words import CLASS_WORDS, Words, place_label
from domain.continuity import Patient
from domain.ids import EncounterId, StatementRef
from domain.journey import EncounterSpan, Journey, journey_of, spans_of
from domain.statement import Place

RECENT: Final = timedelta(days=90)
_AXIS, _FIRST_LANE = 34.0, 60.0
_BETWEEN_HEIGHT: Final = 44.0
_BRACKET_END: Final = 57.0  # in the row above the lanes
_CAPTION_HEIGHT: Final = 11.0
_PLAN_HEIGHT: Final = 36.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The instants, words and links with which a patient is drawn."""

    as_of: datetime
    now: bool  # as-of is the present
    words: Words = field(default_factory=Words)
    late: AbstractSet[StatementRef] = frozenset()  # statements that were learned late
    lane_notes: Mapping[str, str] = field(default_factory=dict)  # facility -> number there
    since: datetime | None = None  # show encounters that last until this; None: 90 days
    href: Callable[[EncounterId], str] = lambda encounter: f"#evidence-{encounter}"
    earlier_href: str = "?since=all"
    label: Callable[[Place | None], str] = place_label
    places: Mapping[EncounterId, Place] = field(default_factory=dict)  # of encounters without stays
    referrals: Sequence[DrawnReferral] = ()  # by the time of the request
    revisions: Sequence[DrawnRevision] = ()
    transitions: Sequence[TransitionReading] = ()


def draw(patient: Patient, scene: Scene) -> Picture | None:
    """Return the picture; None if no encounter has a time."""
    everything = spans_of(patient, scene.as_of)
    shown, earlier = _in_window(everything, scene)
    if not shown:
        return None
    scale = _scale(shown, scene)
    related = journey_of(everything, as_of=scene.as_of, zone=scene.words.zone, death=patient.death)
    as_of_x = scale.within(scene.as_of)
    pairs = [(span, extent(span, scale, scene.as_of)) for span in shown]
    lanes_of = rows(pairs)
    context = LaneContext(
        as_of=scene.as_of,
        as_of_x=as_of_x,
        words=scene.words,
        late=scene.late,
        label=scene.label,
        href=scene.href,
        places=scene.places,
        arrivals=_arrivals(related, scale, [row.facility for row in lanes_of]),
        departures=_departures(related, [row.facility for row in lanes_of]),
    )
    lanes: list[Lane] = []
    where: dict[str, tuple[DrawnBar, float, float]] = {}
    top = _FIRST_LANE
    for row in lanes_of:
        lane = draw_lane(row, top, context, note=scene.lane_notes.get(row.facility, ""))
        lanes.append(lane.lane)
        _remember(row, lane.bar_tops, where)
        top += lane.lane.height
    referrals = [each for each in scene.referrals if scale.t0 <= (each.ended_at or scene.as_of)]
    revisions = [each for each in scene.revisions if scale.t0 <= each.at <= scale.t1]
    lanes = lanes_with_targets(lanes, referrals, dict(scene.words.facilities), top)
    top = max(lane.top + lane.height for lane in lanes)
    band_top = top + _BETWEEN_HEIGHT
    bands = transition_bands(
        scene.transitions,
        scale,
        band_top,
        scene.words,
        str(patient.patient_id),
        stays=[each.begin for each in everything if each.residential and each.valid],
    )
    plan_top = band_top + (BAND_HEIGHT if bands else 0)
    height = plan_top + (_PLAN_HEIGHT if revisions else 0)
    flag, flag_text, blocked = _flag(as_of_x, scene)
    marks, small = ticks(scale, scene.words)
    return Picture(
        title=_title(scale, scene.words),
        height=height,
        as_of_x=round(as_of_x, 1),
        flag=flag,
        flag_text=flag_text,
        grid="".join(f"M{n(mark.x)} {n(_AXIS)}V{n(height)}" for mark in marks),
        tick_marks="".join(f"M{n(x)} {n(_AXIS)}v-3" for x in small)
        + "".join(f"M{n(mark.x)} {n(_AXIS)}v-6" for mark in marks),
        tick_labels=tuple(
            DrawnText(x=mark.x, y=20, text=mark.label, css="strong" if mark.strong else "faint")
            for mark in marks
            if mark.label
        ),
        lanes=tuple(lanes),
        gap_top=top,
        gaps=_gaps(related, scale, top),
        arrows=_arrows(related, where),
        brackets=_brackets(related, scale, where, lanes, blocked),
        hatches=_hatches(shown),
        earlier=_earlier(earlier, scene),
        left_out=len(patient.encounters) - len(everything),
        referrals=referral_arrows(referrals, lanes, scale, scene.as_of),
        revisions=revision_marks(revisions, scale, plan_top + _PLAN_HEIGHT / 2),
        bands=bands,
        band_top=band_top if bands else None,
        plan_top=plan_top if revisions else None,
    )


def legend_of(picture: Picture | None) -> list[tuple[str, str, str]]:
    """Return (css, code, words) of each class in a picture."""
    return [
        (code.lower(), code if code != "unknown" else "", said)
        for code, said in CLASS_WORDS.items()
        if picture is not None and code.lower() in picture.hatches
    ]


def _in_window(
    everything: Sequence[EncounterSpan], scene: Scene
) -> tuple[list[EncounterSpan], list[EncounterSpan]]:
    """Return the encounters in the window, and the older ones.

    The window is the 90 days before as-of. If no encounter touches it, the window is the 90 days
    before the end of the last encounter.
    """
    since = scene.since or scene.as_of - RECENT
    shown = [s for s in everything if _touches(s, since)]
    if not shown and everything:
        since = max(s.end or s.begin for s in everything) - RECENT
        shown = [s for s in everything if _touches(s, since)]
    kept = {s.encounter.encounter_id for s in shown}
    return shown, [s for s in everything if s.encounter.encounter_id not in kept]


def _touches(span: EncounterSpan, since: datetime) -> bool:
    return span.open or (span.end or span.begin) >= since


def _scale(shown: Sequence[EncounterSpan], scene: Scene) -> Scale:
    plans = [s.end or s.begin for s in shown if s.encounter.status == "planned"]
    ahead = [at for at in plans if at > scene.as_of]
    # A time after as-of, from a sender whose clock is fast, must be in the picture too.
    beyond = [at for s in shown for at in (s.begin, s.end) if at and at > scene.as_of]
    return window(
        min(s.begin for s in shown), scene.as_of, max([*ahead, *beyond], default=None),
        scene.words.zone,
    )  # fmt: skip


def _remember(
    row: LaneBars,
    tops: Mapping[int, tuple[float, float]],
    where: dict[str, tuple[DrawnBar, float, float]],
) -> None:
    for number, drawn in enumerate(row.drawn):
        for span in drawn.spans:
            where[span.encounter.encounter_id] = (drawn, *tops[number])


def _flag(as_of_x: float, scene: Scene) -> tuple[str, DrawnText, tuple[float, float]]:
    text = f"as of {scene.words.moment(scene.as_of)}" + (", now" if scene.now else "")
    wide = len(text) * CHARACTER + 10
    left = as_of_x if as_of_x + wide <= WIDTH else as_of_x - wide
    return (
        f"M{n(left)} 36h{n(wide)}v18h{n(-wide)}Z",
        DrawnText(x=round(left + wide / 2, 1), y=49, text=text),
        (left - 6, left + wide + 6),
    )


def _title(scale: Scale, words: Words) -> str:
    return (
        f"Continuity timeline, {words.moment(scale.t0, year=True)} to "
        f"{words.moment(scale.t1, year=True)}"
    )


def _arrivals(
    related: Journey, scale: Scale, order: Sequence[str]
) -> dict[EncounterId, tuple[float, bool]]:
    """Return, by encounter where an arrow ends, the x of its start and whether it comes down."""
    made: dict[EncounterId, tuple[float, bool]] = {}
    for transfer in related.transfers:
        source, target = transfer.source.encounter, transfer.target.encounter
        if source.facility in order and target.facility in order:
            x = scale.within(transfer.source.end or transfer.source.begin) - 2.5
            above = order.index(source.facility) < order.index(target.facility)
            made[target.encounter_id] = (x, above)
    return made


def _departures(related: Journey, order: Sequence[str]) -> frozenset[EncounterId]:
    """Return the encounters from whose end an arrow leaves downwards."""
    pairs = ((each.source.encounter, each.target.encounter) for each in related.transfers)
    return frozenset(
        source.encounter_id
        for source, target in pairs
        if source.facility in order and target.facility in order
        if order.index(source.facility) < order.index(target.facility)
    )


def _gaps(related: Journey, scale: Scale, top: float) -> tuple[GapLine, ...]:
    lines = (gap_line(gap, scale, top + 22) for gap in related.gaps if gap.until > scale.t0)
    return tuple(line for line in lines if line)


def _arrows(
    related: Journey, where: Mapping[str, tuple[DrawnBar, float, float]]
) -> tuple[Arrow, ...]:
    made: list[Arrow] = []
    for transfer in related.transfers:
        source = where.get(transfer.source.encounter.encounter_id)
        target = where.get(transfer.target.encounter.encounter_id)
        if source and target:
            made.append(arrow(source[0].extent.x1, target[0].extent.x0, source[1:], target[1:]))
    return tuple(made)


def _brackets(
    related: Journey,
    scale: Scale,
    where: Mapping[str, tuple[DrawnBar, float, float]],
    lanes: Sequence[Lane],
    blocked: tuple[float, float],
) -> tuple[Bracket, ...]:
    made: list[Bracket] = []
    for readmission in related.readmissions:
        bar = where.get(readmission.target.encounter.encounter_id)
        if bar is None or readmission.source.encounter.encounter_id not in where:
            continue
        # Its line comes down to a bar of the first lane only; below, it would cross other lanes.
        first = bar[1] < lanes[0].top + lanes[0].height
        x = scale.within(readmission.admitted_at)
        captions = [each.caption for each in lanes[0].bars if each.caption]
        above = [each.y - _CAPTION_HEIGHT for each in captions if _over(each, x)]
        to = min([bar[1] - 0.5, *above]) if first else _BRACKET_END
        made.append(bracket(readmission, scale, to=to, blocked=blocked))
    return tuple(made)


def _over(caption: Caption, x: float) -> bool:
    """Tell whether a drawn caption is in the way of a line that comes down at ``x``."""
    wide = len(f"{caption.key} {caption.rest}") * CHARACTER
    left = caption.x - (wide if caption.anchor == "end" else 0)
    return left - 2 < x < left + wide + 2


def _hatches(shown: Sequence[EncounterSpan]) -> tuple[str, ...]:
    classes = {stay.class_code.lower() for s in shown for stay in s.encounter.stays}
    classes |= {s.encounter.class_code.lower() for s in shown}
    return tuple(sorted(classes - {"prenc"}))


def _earlier(earlier: Sequence[EncounterSpan], scene: Scene) -> EarlierLink | None:
    if not earlier:
        return None
    first = min(earlier, key=lambda span: span.begin)
    year = scene.words.stated(first.begin, first.begin_precision).year
    this_year = year == scene.words.local(scene.as_of).year
    since = scene.words.day(first.begin, first.begin_precision) if this_year else str(year)
    return EarlierLink(count=len(earlier), since=since, href=scene.earlier_href)
