"""Draw one lane: its bars with captions, labels and cancelled places. They decide its height."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from textwrap import wrap
from typing import Final

from caretrail.web.bars import CHARACTER, FADE, FLAT, LEAST, TALL, BarPiece, n, outline, ring
from caretrail.web.labels import CaptionPosition, LabelRows, UsedSpace, caption, fits_inside
from caretrail.web.lanes import DrawnBar, LaneBars
from caretrail.web.scale import WIDTH
from caretrail.web.shapes import Bar, BarSegment, Caption, DrawnText, LabelBelow, Lane
from caretrail.web.words import CLASS_WORDS, Words, plural, span_length
from domain.continuity import Stay
from domain.ids import EncounterId, StatementRef
from domain.journey import EncounterSpan
from domain.statement import Place

_CAPTION, _BAR, _LEAST_LANE = 17.0, 24.5, 60.0  # from the top of the lane
_UNDER: Final = 12.5  # from the bottom of the bar to the first line of labels
_ROW: Final = 14.0
_PITCH, _DENSE_EDGE = 20.0, 12.0
_STRIP: Final = 7.0  # height of a cancelled place, drawn under its bar
_SHORT_LABEL: Final = 14  # characters
_NAME: Final = 24  # characters in a line of the name of a lane


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneContext:
    """The values that all lanes of a picture share."""

    as_of: datetime
    as_of_x: float
    words: Words
    late: AbstractSet[StatementRef]
    label: Callable[[Place | None], str]
    href: Callable[[EncounterId], str]
    places: Mapping[EncounterId, Place]  # of encounters without stays, such as planned ones
    arrivals: Mapping[EncounterId, tuple[float, bool]]  # arrows: x of the start, from above
    departures: AbstractSet[EncounterId]  # an arrow leaves their end downwards


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnLane:
    """A lane, with top and bottom of its bars by their position in the row."""

    lane: Lane
    bar_tops: dict[int, tuple[float, float]]


def draw_lane(row: LaneBars, top: float, context: LaneContext, *, note: str) -> DrawnLane:
    """Return a lane whose upper edge is at ``top``."""
    labels, captions = LabelRows(), UsedSpace()
    for drawn in row.drawn:
        if drawn.span.encounter.encounter_id in context.departures and not row.dense:
            labels.block(drawn.extent.x1 - 5, drawn.extent.x1)
        arrival = context.arrivals.get(drawn.span.encounter.encounter_id)
        if arrival and not row.dense:
            left, right = min(arrival[0], drawn.extent.x0), drawn.extent.x0 + 6
            if arrival[1]:
                captions.take(left, right)
            else:
                labels.block(left, right)
    tops: dict[int, tuple[float, float]] = {}
    if row.dense:
        height = max(_LEAST_LANE, 2 * _DENSE_EDGE + row.sublanes * _PITCH - (_PITCH - FLAT))
        free = (height - (row.sublanes * _PITCH - (_PITCH - FLAT))) / 2
        for number, drawn in enumerate(row.drawn):
            y = top + free + drawn.sublane * _PITCH + 0.5
            tops[number] = (y, y + FLAT)
        bars = [_flat(drawn, tops[number][0], context) for number, drawn in enumerate(row.drawn)]
    else:
        y = top + _BAR
        tops = dict.fromkeys(range(len(row.drawn)), (y, y + TALL))
        strip = _STRIP + 3 if any(_cancelled_stays(d) for d in row.drawn) else 0.0
        bars = [_tall(drawn, top, labels, captions, context, strip) for drawn in row.drawn]
        used = labels.used
        height = _LEAST_LANE + strip + (16 + _ROW * (used - 1) if used else 0)
    name = context.words.facility(row.facility)
    lane = Lane(
        name=name,
        name_lines=tuple(wrap(name, _NAME, max_lines=2, placeholder="…")),
        code=row.facility,
        note=note,
        top=top,
        height=height,
        bars=tuple(bars),
    )
    return DrawnLane(lane=lane, bar_tops=tops)


def link_text(span: EncounterSpan, context: LaneContext) -> str:
    """Return the text of the link of a bar: facility, status, places and times."""
    words, encounter = context.words, span.encounter
    parts: list[str] = []
    not_stated = not span.begin_known
    for stay in encounter.stays or ():
        if stay.cancelled and not encounter.cancelled:
            continue
        place = context.label(stay.place)
        text = CLASS_WORDS[stay.class_code] + (f" in {place}" if place else "")
        if not_stated:
            text += f", start not stated, first message {_begin(span, words)}"
        elif stay.start:
            text += f" from {words.moment(stay.start, stay.start_precision)}"
        not_stated = False
        parts.append(text)
    if not parts:
        place = context.label(context.places.get(encounter.encounter_id))
        text = CLASS_WORDS[encounter.class_code] + (f" in {place}" if place else "")
        parts.append(f"{text} from {_begin(span, words)}")
    if span.end:
        parts.append(f"until {words.moment(span.end, span.end_precision)}")
    elif span.open:
        parts.append("still open")
    elif encounter.status != "planned":
        parts.append("end not stated")
    status = encounter.status.replace("-", " ")
    name = words.facility(encounter.facility)
    return f"{name}, {status}: {'; '.join(parts)}. Show evidence"


def class_path(span: EncounterSpan) -> tuple[str, ...]:
    """Return the classes of an encounter in order; equal classes in a row are returned once."""
    path: list[str] = []
    for stay in span.encounter.stays:
        counts = span.encounter.cancelled or not stay.cancelled
        if counts and (not path or path[-1] != stay.class_code):
            path.append(stay.class_code)
    return tuple(path) or (span.encounter.class_code,)


def _tall(
    drawn: DrawnBar,
    top: float,
    labels: LabelRows,
    captions: UsedSpace,
    context: LaneContext,
    strip: float,
) -> Bar:
    span, extent = drawn.span, drawn.extent
    if len(drawn.spans) > 1:
        return _merged(drawn, top + _BAR, TALL, context)
    y, bottom = top + _BAR, top + _BAR + TALL
    under: list[LabelBelow] = []
    segments: list[BarSegment] = []
    for number, piece in enumerate(extent.pieces):
        label = _short(piece.stay, span, context)
        inside = bool(label) and fits_inside(label, piece.width) and not span.encounter.cancelled
        segments.append(_segment(drawn, number, piece, y, TALL, label if inside else "", context))
        if label and not inside:
            css = "gone" if span.encounter.cancelled else ""
            x = piece.x + piece.width / 2
            put = labels.put(label, x, as_of_x=context.as_of_x)
            under += [_under(label, x, bottom, put, css, strip, context)] if put else []
    for stay in _cancelled_stays(drawn):
        x0, x1 = _cancelled_extent(drawn, stay, context)
        label = _short(stay, span, context)
        segments.append(
            BarSegment(
                css="ghost",
                path=outline(x0, bottom + 3, x1 - x0, _STRIP),
                title=f"{label or 'place not stated'}, cancelled",
            )
        )
        put = labels.put(label, (x0 + x1) / 2, as_of_x=context.as_of_x) if label else None
        middle = (x0 + x1) / 2
        under += [_under(label, middle, bottom + strip, put, "gone", 0, context)] if put else []
    moves = tuple(
        (f"M{n(x - 3.5)} {n(y - 4.5)}h7l-3.5 5Z", _is_late(extent.pieces[k + 1].stay, context))
        for k, x in enumerate(extent.bounds)
    )
    return Bar(
        href=context.href(span.encounter.encounter_id),
        link_text=link_text(span, context),
        segments=tuple(segments),
        ring=ring(extent.x0, extent.x1, y, TALL),
        caption=_caption(drawn, top + _CAPTION, captions, context),
        moves=moves,
        under=tuple(under),
    )


def _flat(drawn: DrawnBar, y: float, context: LaneContext) -> Bar:
    if len(drawn.spans) > 1:
        return _merged(drawn, y, FLAT, context)
    span, extent = drawn.span, drawn.extent
    segments: list[BarSegment] = []
    for number, piece in enumerate(extent.pieces):
        label = _short(piece.stay, span, context)
        fits = fits_inside(label, piece.width)
        segments.append(_segment(drawn, number, piece, y, FLAT, label if fits else "", context))
    return Bar(
        href=context.href(span.encounter.encounter_id),
        link_text=link_text(span, context),
        segments=tuple(segments),
        ring=ring(extent.x0, extent.x1, y, FLAT),
    )


def _merged(drawn: DrawnBar, y: float, height: float, context: LaneContext) -> Bar:
    """Return one bar for several neighbours, labelled with their number."""
    extent, spans = drawn.extent, drawn.spans
    classes = {span.encounter.class_code for span in spans}
    css = classes.pop().lower() if len(classes) == 1 else "unknown"
    many = plural(len(spans), "visit")
    wide = extent.x1 - extent.x0
    words = context.words
    first, last = (
        words.day(each.begin, each.begin_precision, year=True) for each in (spans[0], spans[-1])
    )
    link = (
        f"{words.facility(spans[0].encounter.facility)}: {many} from {first} to {last}. "
        "Show them in the table"
    )
    label = next((text for text in (many, str(len(spans))) if fits_inside(text, wide)), "")
    path = outline(extent.x0, y, wide, height, left="round", right="round")
    segment = BarSegment(
        css=css,
        path=path,
        title=many,
        hatch=css,
        label=_inside(label, extent.x0 + wide / 2, y, height),
    )
    return Bar(
        href="#encounters-table",
        link_text=link,
        segments=(segment,),
        ring=ring(extent.x0, extent.x1, y, height),
    )


def _segment(
    drawn: DrawnBar, number: int, piece: BarPiece, y: float, height: float, label: str,
    context: LaneContext,
) -> BarSegment:  # fmt: skip
    span, encounter = drawn.span, drawn.span.encounter
    first, final = number == 0, number == len(drawn.extent.pieces) - 1
    code = piece.stay.class_code if piece.stay else encounter.class_code
    planned = encounter.status == "planned"
    css = "ghost" if encounter.cancelled else "prenc" if planned else code.lower()
    plain = css in ("ghost", "prenc")
    left = "cut" if not first else "round" if span.begin_known else "torn"
    right = "cut" if not final or span.open else "round"
    if final and not span.open and span.end is None and not planned and not encounter.cancelled:
        right = "torn"
    x, width = piece.x, piece.width
    if left == "torn":
        x, width = x + 4, max(width - 4, 2.0)
    fade = None
    if final and span.open:
        room = min(FADE, WIDTH - drawn.extent.x1)
        fade = (round(drawn.extent.x1, 1), y, round(room, 1), height) if room > 1 else None
    return BarSegment(
        css=css,
        path=outline(x, y, width, height, left=left, right=right),
        title=_title(span, piece, code if not planned else "PRENC", context),
        hatch="" if plain else css,
        label=_inside(label, x + width / 2, y, height) if label else None,
        fade=fade,
    )


def _title(span: EncounterSpan, piece: BarPiece, code: str, context: LaneContext) -> str:
    words = context.words
    without = context.places.get(span.encounter.encounter_id)
    place = context.label(piece.stay.place if piece.stay else without)
    in_class = next((words for key, words in CLASS_WORDS.items() if key == code), code)
    end = piece.end
    until = words.moment(end, piece.end_precision) if end else ""
    until = until or ("now" if span.open else "a time not stated")
    times = words.moment(piece.start, piece.start_precision)
    if span.encounter.status != "planned" or end:
        times += f" to {until}"
    return ", ".join(filter(None, (place, in_class, times)))


def _inside(label: str, x: float, y: float, height: float) -> DrawnText | None:
    if not label:
        return None
    return DrawnText(x=round(x, 1), y=round(y + height / 2 + 4, 1), text=label)


def _under(
    label: str, x: float, bottom: float, put: tuple[int, float], css: str, strip: float,
    context: LaneContext,
) -> LabelBelow:  # fmt: skip
    row, centre = put
    if not css and centre + len(label) * CHARACTER / 2 < context.as_of_x:
        css = "edged"  # outlined, so that a line behind it does not cross the text
    y = bottom + strip + _UNDER + _ROW * row
    return LabelBelow(
        text=DrawnText(x=centre, y=y, text=label, css=css),
        leader=f"M{n(x)} {n(bottom + 1.5)}V{n(y - 9)}",
    )


def _cancelled_stays(drawn: DrawnBar) -> list[Stay]:
    """Return the cancelled stays of an encounter that is not cancelled itself."""
    if drawn.span.encounter.cancelled or len(drawn.spans) > 1:
        return []
    return [stay for stay in drawn.span.encounter.stays if stay.cancelled]


def _cancelled_extent(drawn: DrawnBar, stay: Stay, context: LaneContext) -> tuple[float, float]:
    span, extent = drawn.span, drawn.extent
    whole = (span.end or context.as_of) - span.begin

    def x(at: datetime | None, otherwise: float) -> float:
        share = (at - span.begin) / whole if at and whole else otherwise
        return extent.x0 + min(max(share, 0.0), 1.0) * (extent.x1 - extent.x0)

    x0, x1 = x(stay.start, 0.0), x(stay.end, 1.0)
    return min(x0, extent.x1 - LEAST), max(x1, min(x0, extent.x1 - LEAST) + LEAST)


def _caption(
    drawn: DrawnBar, y: float, captions: UsedSpace, context: LaneContext
) -> Caption | None:
    span, extent, words = drawn.span, drawn.extent, context.words
    encounter = span.encounter
    keys: tuple[str, ...]
    if encounter.cancelled:
        keys, rest = ("cancelled",), ""
    elif encounter.status == "planned":
        keys, rest = ("planned",), words.day(span.begin, span.begin_precision)
    else:
        path = class_path(span)
        keys = tuple(dict.fromkeys((" → ".join(path), path[-1])))
        rest = _length(span, context)
    ahead = extent.x0 > context.as_of_x
    edges = (extent.x0, extent.x1)
    arrival = context.arrivals.get(encounter.encounter_id)
    arrow_from = arrival[0] if arrival and arrival[1] else None
    placed: CaptionPosition | None = None
    for words_of in (rest, ""):
        placed = caption(
            captions, keys, words_of, edges,
            as_of_x=context.as_of_x, arrow_from=arrow_from, ahead=ahead,
        )  # fmt: skip
        if placed:
            rest = words_of
            break
    if placed is None:
        return None
    return Caption(x=placed.x, y=y, key=placed.key, rest=rest, anchor=placed.anchor, halo=not ahead)


def _length(span: EncounterSpan, context: LaneContext) -> str:
    if not span.begin_known:
        return f"started before {context.words.day(span.begin, span.begin_precision)}"
    if span.end:
        return span_length(span, span.end, context.words)
    return span_length(span, context.as_of, context.words) if span.open else "end not stated"


def _begin(span: EncounterSpan, words: Words) -> str:
    return words.moment(span.begin, span.begin_precision)


def _short(stay: Stay | None, span: EncounterSpan, context: LaneContext) -> str:
    place = stay.place if stay else context.places.get(span.encounter.encounter_id)
    label = context.label(place)
    if place is None or len(label) <= _SHORT_LABEL:
        return label
    shorter = place.unit or label
    if place.unit and label.endswith(")"):  # the label has building and floor
        shorter = f"{place.unit} {place.building or place.floor or ''}"
    return shorter if len(shorter) <= _SHORT_LABEL else f"{shorter[: _SHORT_LABEL - 1]}…"


def _is_late(stay: Stay | None, context: LaneContext) -> bool:
    return stay is not None and stay.statement in context.late
