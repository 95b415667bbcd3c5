"""The shapes of the picture: numbers and texts, ready to be written as SVG.

The drawing is 1120 units wide; y grows downwards. Texts are plain; the template escapes them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnText:
    """A drawn text; ``anchor`` is start, middle or end."""

    x: float
    y: float
    text: str
    anchor: str = "middle"
    css: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BarSegment:
    """One stay of a bar."""

    css: str
    path: str
    title: str
    hatch: str = ""  # id of a pattern; empty: none
    label: DrawnText | None = None
    fade: tuple[float, float, float, float] | None = None  # x, y, width, height


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelBelow:
    """A label below a bar, with the line that leads to it."""

    text: DrawnText
    leader: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """Class path and length, above a bar."""

    x: float
    y: float
    key: str
    rest: str
    anchor: str
    halo: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One encounter, or several neighbours drawn as one bar. The bar is a link."""

    href: str
    link_text: str
    segments: tuple[BarSegment, ...]
    ring: tuple[float, float, float, float]  # x, y, width, height: at least 24 by 24
    caption: Caption | None = None
    moves: tuple[tuple[str, bool], ...] = ()  # path of a triangle, whether the move is learned late
    under: tuple[LabelBelow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One facility."""

    name: str
    name_lines: tuple[str, ...]
    code: str
    note: str  # the patient's number at the facility
    top: float
    height: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """A transfer from one facility to another."""

    path: str
    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """A readmission."""

    path: str
    flag: str
    text: DrawnText | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GapLine:
    """Time in no facility."""

    path: str
    text: DrawnText | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralArrow:
    """A referral from one organisation to another. The arrow is a link."""

    href: str
    link_text: str
    path: str
    head: str
    start: tuple[float, float]
    is_open: bool  # drawn dashed: no visit was held
    text: DrawnText | None
    ring: tuple[float, float, float, float]  # x, y, width, height: at least 24 by 24


@dataclass(frozen=True, slots=True, kw_only=True)
class StepMark:
    """A step of a transition: at the time when it was done, or is due."""

    x: float
    y: float
    css: str  # full: done; over: overdue; todo: due later; hollow: waived
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionBand:
    """What follows a discharge, from the discharge to the last step. The band is a link."""

    href: str
    link_text: str
    path: str
    is_open: bool
    uncalled: str  # hatching while the call is overdue; empty: it is not
    edge: str  # outline of the hatching
    marks: tuple[StepMark, ...]
    text: DrawnText | None
    ring: tuple[float, float, float, float]  # x, y, width, height: at least 24 by 24


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionMark:
    """A revision of a care plan, as a numbered mark. The mark is a link."""

    href: str
    link_text: str
    x: float
    y: float
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierLink:
    """The link to encounters before the window."""

    count: int
    since: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The continuity timeline of one patient."""

    title: str
    height: float
    as_of_x: float
    flag: str  # outline of the as-of flag
    flag_text: DrawnText
    grid: str
    tick_marks: str
    tick_labels: tuple[DrawnText, ...]
    lanes: tuple[Lane, ...]
    gap_top: float
    gaps: tuple[GapLine, ...]
    arrows: tuple[Arrow, ...]
    brackets: tuple[Bracket, ...]
    hatches: tuple[str, ...]  # the classes in the picture
    earlier: EarlierLink | None
    left_out: int  # encounters without any time, which only the table shows
    referrals: tuple[ReferralArrow, ...] = ()
    revisions: tuple[RevisionMark, ...] = ()
    bands: tuple[TransitionBand, ...] = ()
    band_top: float | None = None  # upper edge of the row of transitions; None: no such row
    plan_top: float | None = None  # upper edge of the row of plans; None: there is no such row
