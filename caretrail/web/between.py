"""What lies between encounters: when each begins and ends, gaps, transfers, readmissions.

All of it is derived from the patient as interpreted; nothing is guessed where nothing was stated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from caretrail.web.words import Words, length, plural
from domain.continuity import Encounter, Patient
from domain.statement import EncounterClass

TRANSFER_WITHIN: Final = timedelta(hours=24)
READMISSION_DAYS: Final = 30  # CMS Hospital Readmissions Reduction Program: 30 days after discharge
_LEAST_GAP: Final = timedelta(hours=1)
_VISITS: Final[frozenset[EncounterClass]] = frozenset({"AMB", "VR", "HH", "PRENC"})
_VISIT_LASTS: Final = timedelta(hours=24)  # an outpatient visit without an end is not "still there"
_AT_HOME: Final = "home"
_DIED: Final = "exp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """An encounter as far as its times are known."""

    encounter: Encounter
    begin: datetime  # of a beginning nobody stated: the first time heard of
    end: datetime | None  # None: open at as-of, or ended at a time nobody stated
    begin_known: bool
    open: bool  # still there at as-of

    @property
    def standing(self) -> bool:
        """Neither cancelled nor only planned."""
        return not self.encounter.cancelled and self.encounter.status != "planned"

    @property
    def residential(self) -> bool:
        """The patient stayed: outpatient visits end no gap."""
        return self.standing and self.encounter.class_code not in _VISITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Time in no facility. ``end`` None: it lasts at as-of."""

    start: datetime
    end: datetime | None
    until: datetime  # end, or as-of
    said: str  # "9 days at home"
    visits: int  # outpatient visits meanwhile


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """From one facility to another within 24 hours."""

    source: Span
    target: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Readmission:
    """An inpatient beginning within 30 days of an inpatient end elsewhere or here."""

    source: Span
    target: Span
    left: datetime
    back: datetime
    day: int  # difference of local dates


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """What lies between the encounters of a patient."""

    gaps: tuple[Gap, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    readmissions: tuple[Readmission, ...] = ()


def spans(patient: Patient, as_of: datetime) -> list[Span]:
    """Return the encounters whose time is known at all, by beginning."""
    heard: dict[str, list[datetime]] = {}
    for entry in patient.entries:
        if entry.happened_at is not None and entry.encounter_id is not None:
            heard.setdefault(entry.encounter_id, []).append(entry.happened_at)
    made = (_span(e, heard.get(e.encounter_id, []), as_of) for e in patient.encounters)
    return sorted(
        (span for span in made if span), key=lambda s: (s.begin, s.encounter.encounter_id)
    )


def between(shown: Sequence[Span], *, as_of: datetime, words: Words) -> Between:
    """Return the gaps, transfers and readmissions between the encounters of one patient."""
    gaps: list[Gap] = []
    transfers: list[Transfer] = []
    last: Span | None = None
    lasts_on = False  # somebody is still there, or left at a time nobody stated
    for span in (s for s in shown if s.residential):
        if last and last.end and not lasts_on:
            if _is_transfer(last, span):
                transfers.append(Transfer(source=last, target=span))
            elif span.begin - last.end >= _LEAST_GAP and not _died(last):
                gaps.append(_gap(last, span, shown, as_of, words))
        lasts_on = lasts_on or span.end is None
        if last is None or last.end is None or (span.end and span.end > last.end):
            last = span
    if last and last.end and not lasts_on and as_of - last.end >= _LEAST_GAP and not _died(last):
        gaps.append(_gap(last, None, shown, as_of, words))
    return Between(
        gaps=tuple(gaps),
        transfers=tuple(transfers),
        readmissions=tuple(_readmissions(shown, words)),
    )


def _span(encounter: Encounter, heard: Sequence[datetime], as_of: datetime) -> Span | None:
    starts = [stay.start for stay in encounter.stays if stay.start]
    begin = encounter.start
    if encounter.status == "planned":
        begin = encounter.planned_for or begin or min([*starts, *heard], default=None)
        known = begin is not None
    else:
        known = begin is not None
        begin = begin or min([*starts, *heard], default=None)
    if begin is None:
        return None
    end = encounter.end
    if end is None and encounter.cancelled:
        # It stood until its cancel, the last thing that was said of it.
        end = max([*(stay.end for stay in encounter.stays if stay.end), *heard], default=None)
    still = (
        end is None
        and not encounter.cancelled
        and encounter.status in ("in-progress", "arrived", "onleave", "unknown")
        and (encounter.class_code not in _VISITS or as_of - begin < _VISIT_LASTS)
    )
    return Span(
        encounter=encounter,
        begin=begin,
        end=max(end, begin) if end else None,
        begin_known=known,
        open=still,
    )


def _is_transfer(source: Span, target: Span) -> bool:
    """Tell whether the patient went from one facility to another within a day.

    A discharge typed up to a day after the next hospital admitted is the same journey.
    """
    if source.end is None or source.encounter.facility == target.encounter.facility:
        return False
    overtaken = target.end is None or target.end > source.end
    return overtaken and abs(target.begin - source.end) < TRANSFER_WITHIN


def _died(span: Span) -> bool:
    return span.encounter.disposition_code == _DIED


def _gap(
    before: Span, after: Span | None, shown: Sequence[Span], as_of: datetime, words: Words
) -> Gap:
    start = before.end or before.begin
    until = after.begin if after else as_of
    nights = words.nights(start, until)
    long = plural(nights, "day") if nights else length(until - start)
    if after and not after.begin_known:
        long = f"up to {long}"
    home = before.encounter.disposition_code == _AT_HOME
    visits = sum(s.standing and not s.residential and start <= s.begin < until for s in shown)
    return Gap(
        start=start,
        end=until if after else None,
        until=until,
        said=f"{long} at home" if home else f"{long}, not stated where",
        visits=visits,
    )


def _readmissions(shown: Sequence[Span], words: Words) -> list[Readmission]:
    stays = [(begin, span) for span in shown if span.standing and (begin := _inpatient_since(span))]
    stays.sort(key=lambda pair: (pair[0], pair[1].encounter.encounter_id))
    made: list[Readmission] = []
    for (_, source), (back, target) in pairwise(stays):
        left = source.end
        if left is None or back < left or source.encounter.class_code != "IMP" or _died(source):
            continue
        day = words.nights(left, back)
        if day <= READMISSION_DAYS and not _is_transfer(source, target):
            made.append(Readmission(source=source, target=target, left=left, back=back, day=day))
    return made


def _inpatient_since(span: Span) -> datetime | None:
    """Return when the patient became an inpatient in this encounter; None: never, or unknown."""
    standing = [stay for stay in span.encounter.stays if not stay.cancelled]
    for stay in standing:
        if stay.class_code == "IMP":
            return stay.start or span.begin
    return span.begin if not standing and span.encounter.class_code == "IMP" else None
