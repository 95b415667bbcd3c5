"""What lies between the encounters of one patient: transfers, gaps and readmissions.

Rules over encounters as interpretation returns them. A time that no statement gives is not guessed:
where one is needed, nothing is counted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Final, TypeAlias

from domain.continuity import Death, Encounter, Patient
from domain.precision import coarser, date_of, length_of
from domain.statement import EncounterClass, Precision

#: A patient who begins at another facility within this time was transferred.
TRANSFER_WITHIN: Final = timedelta(hours=24)
#: Days from a discharge in which an inpatient admission is a readmission: CMS Hospital Readmissions
#: Reduction Program.
READMISSION_DAYS: Final = 30
#: A shorter time between two encounters is not a gap.
SHORTEST_GAP: Final = timedelta(hours=1)
#: An outpatient encounter without an end counts as over after this time.
OUTPATIENT_LASTS: Final = timedelta(hours=24)
#: An emergency encounter that is open for longer than this was probably never closed.
EMERGENCY_LASTS: Final = timedelta(hours=24)

_OUTPATIENT: Final[frozenset[EncounterClass]] = frozenset({"AMB", "VR", "HH", "PRENC"})
_OPEN: Final = frozenset({"in-progress", "arrived", "onleave", "unknown"})
_HOME: Final = "home"
_DIED: Final = "exp"
_StatedTime: TypeAlias = tuple[datetime, Precision]
_LONGER_THAN_A_DAY: Final = frozenset[Precision]({"month", "year"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EncounterSpan:
    """An encounter with its times, as far as they are known."""

    encounter: Encounter
    begin: datetime  # if no beginning was stated, the earliest time in any of its statements
    end: datetime | None  # None: open at as-of, or ended at a time that was not stated
    begin_known: bool
    open: bool  # the patient is still there at as-of
    begin_precision: Precision = "second"
    end_precision: Precision = "second"

    @property
    def valid(self) -> bool:
        """Whether the encounter is neither cancelled nor only planned."""
        return not self.encounter.cancelled and self.encounter.status != "planned"

    @property
    def residential(self) -> bool:
        """Whether the patient stayed there. An outpatient encounter does not end a gap."""
        return self.valid and self.encounter.class_code not in _OUTPATIENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time that the patient spent in no facility. A death ends it."""

    start: datetime
    end: datetime | None  # None: it lasts at as-of
    until: datetime  # the end, or as-of
    days: int  # midnights between start and ``until``
    at_home: bool  # the discharge was to home
    may_be_shorter: bool  # the beginning of the next encounter, or the death, is not known
    outpatient_visits: int  # outpatient encounters in this time
    may_be_longer: bool = False  # its start or end is known to the month or the year only


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityTransfer:
    """A move from one facility to another within 24 hours."""

    source: EncounterSpan
    target: EncounterSpan


@dataclass(frozen=True, slots=True, kw_only=True)
class Readmission:
    """An inpatient admission within 30 days of an inpatient discharge from any facility."""

    source: EncounterSpan
    target: EncounterSpan
    discharged_at: datetime
    admitted_at: datetime  # when the patient became an inpatient again
    day: int  # midnights from discharge to admission
    discharge_precision: Precision = "second"


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """The encounters of a patient, and what lies between them."""

    gaps: tuple[Gap, ...] = ()
    transfers: tuple[FacilityTransfer, ...] = ()
    readmissions: tuple[Readmission, ...] = ()


def spans_of(patient: Patient, as_of: datetime) -> list[EncounterSpan]:
    """Return the encounters that have any known time, by their beginning."""
    times: dict[str, list[_StatedTime]] = {}
    for entry in patient.entries:
        if entry.happened_at is not None and entry.encounter_id is not None:
            times.setdefault(entry.encounter_id, []).append((entry.happened_at, entry.precision))
    spans = (_span(one, times.get(one.encounter_id, []), as_of) for one in patient.encounters)
    return sorted((span for span in spans if span), key=_by_begin)


def journey_of(
    spans: Sequence[EncounterSpan],
    *,
    as_of: datetime,
    zone: tzinfo,
    death: Death | None = None,
) -> Journey:
    """Return the gaps, transfers and readmissions between the encounters of one patient.

    Args:
        spans: The encounters, as ``spans_of`` returns them.
        as_of: The instant up to which a gap after the last encounter is counted.
        zone: The time zone in which days are counted.
        death: The death of the patient, which ends a gap; None: none is known.
    """
    if death is not None and death.at > as_of:
        death = None
    gaps: list[Gap] = []
    transfers: list[FacilityTransfer] = []
    last: EncounterSpan | None = None
    end_unknown = False  # an encounter is open, or ended at a time that was not stated
    for span in (one for one in spans if one.residential):
        if last and last.end and not end_unknown:
            if is_transfer(last, span):
                transfers.append(FacilityTransfer(source=last, target=span))
            elif span.begin - last.end >= SHORTEST_GAP and not _died(last, death):
                is_before = death is not None and death.at < span.begin
                gaps.append(_gap(last.end, last, death if is_before else span, spans, as_of, zone))
        end_unknown = end_unknown or span.end is None
        if last is None or last.end is None or (span.end and span.end > last.end):
            last = span
    lasts = last and last.end and not end_unknown and as_of - last.end >= SHORTEST_GAP
    if last and last.end and lasts and not _died(last, death):
        gaps.append(_gap(last.end, last, death, spans, as_of, zone))
    return Journey(
        gaps=tuple(gaps),
        transfers=tuple(transfers),
        readmissions=tuple(_readmissions(spans, zone)),
    )


def is_transfer(source: EncounterSpan, target: EncounterSpan) -> bool:
    """Tell whether the patient went from one facility to another within 24 hours.

    The discharge may be dated up to 24 hours after the admission to the next facility, if it was
    typed late.
    """
    if source.end is None or source.encounter.facility == target.encounter.facility:
        return False
    goes_on = target.end is None or target.end > source.end
    return goes_on and abs(target.begin - source.end) < TRANSFER_WITHIN


def was_left_open(
    class_code: EncounterClass, begin: datetime, as_of: datetime, precision: Precision = "second"
) -> bool:
    """Tell whether an encounter that is open at ``as_of`` was probably never closed.

    ``precision`` is that of ``begin``. A patient who came on 2 March may have come at the end of
    that day.
    """
    return class_code == "EMER" and as_of - begin > EMERGENCY_LASTS + length_of(precision)


def _by_begin(span: EncounterSpan) -> tuple[datetime, str]:
    return span.begin, span.encounter.encounter_id


def _span(
    encounter: Encounter, times: Sequence[_StatedTime], as_of: datetime
) -> EncounterSpan | None:
    begin, precision = encounter.start, encounter.start_precision
    if encounter.status == "planned" and encounter.planned_for is not None:
        begin, precision = encounter.planned_for, encounter.planned_precision
    known = begin is not None or encounter.status == "planned"
    first = begin
    if first is None:
        starts = [(stay.start, stay.start_precision) for stay in encounter.stays if stay.start]
        earliest = min([*starts, *times], key=_instant, default=None)
        if earliest is None:
            return None
        first, precision = earliest
    end, end_precision = encounter.end, encounter.end_precision
    if end is None and encounter.cancelled:
        # A cancelled encounter lasted until its cancel, the last of its times.
        ends = [(stay.end, stay.end_precision) for stay in encounter.stays if stay.end]
        latest = max([*ends, *times], key=_instant, default=None)
        if latest is not None:
            end, end_precision = latest
    if end is not None and end < first:
        end, end_precision = first, precision
    is_open = (
        end is None
        and not encounter.cancelled
        and encounter.status in _OPEN
        and (encounter.class_code not in _OUTPATIENT or as_of - first < OUTPATIENT_LASTS)
    )
    return EncounterSpan(
        encounter=encounter,
        begin=first,
        end=end,
        begin_known=known,
        open=is_open,
        begin_precision=precision,
        end_precision=end_precision,
    )


def _instant(time: _StatedTime) -> datetime:
    return time[0]


def _died(span: EncounterSpan, death: Death | None = None) -> bool:
    """Tell whether the patient died in an encounter, or was dead before a gap could follow it."""
    if death is not None and span.end is not None and death.at - span.end < SHORTEST_GAP:
        return True
    return span.encounter.disposition_code == _DIED


def _gap(  # what a gap is between
    start: datetime,
    before: EncounterSpan,
    after: EncounterSpan | Death | None,
    spans: Sequence[EncounterSpan],
    as_of: datetime,
    zone: tzinfo,
) -> Gap:
    back: Precision = "second"
    if isinstance(after, Death):
        end, back, is_known = after.at, after.precision, not after.inferred
    elif after is not None:
        end, back, is_known = after.begin, after.begin_precision, after.begin_known
    else:
        end, is_known = None, True
    until = end or as_of
    left = before.end_precision
    return Gap(
        start=start,
        end=end,
        until=until,
        days=(date_of(until, back, zone) - date_of(start, left, zone)).days,
        at_home=before.encounter.disposition_code == _HOME,
        may_be_shorter=not is_known,
        may_be_longer=coarser(left, back) in _LONGER_THAN_A_DAY,
        outpatient_visits=sum(
            one.valid and not one.residential and start <= one.begin < until for one in spans
        ),
    )


def _readmissions(spans: Sequence[EncounterSpan], zone: tzinfo) -> Iterator[Readmission]:
    stays = [(*since, one) for one in spans if one.valid and (since := _inpatient_since(one))]
    stays.sort(key=lambda each: (each[0], each[2].encounter.encounter_id))
    for (_, _, source), (admitted_at, precision, target) in pairwise(stays):
        end, left = source.end, source.end_precision
        if end is None or source.encounter.class_code != "IMP":
            continue
        # The patient was admitted before the discharge, and not only by what is not stated.
        if admitted_at + length_of(precision) < end - length_of(left):
            continue
        day = max(0, (date_of(admitted_at, precision, zone) - date_of(end, left, zone)).days)
        if day <= READMISSION_DAYS and not _died(source) and not is_transfer(source, target):
            yield Readmission(
                source=source,
                target=target,
                discharged_at=end,
                admitted_at=admitted_at,
                day=day,
                discharge_precision=left,
            )


def _inpatient_since(span: EncounterSpan) -> _StatedTime | None:
    """Return when the patient became an inpatient in an encounter; None: never, or not known."""
    begin = span.begin, span.begin_precision
    stays = [stay for stay in span.encounter.stays if not stay.cancelled]
    for stay in stays:
        if stay.class_code == "IMP":
            return (stay.start, stay.start_precision) if stay.start else begin
    return begin if not stays and span.encounter.class_code == "IMP" else None
