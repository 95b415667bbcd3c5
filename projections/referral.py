"""The referrals of each patient: where each one is, its events, and the time between milestones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from domain import referral_duties
from domain.decider import fold
from domain.events import EnteredInError
from domain.ids import Mode, StreamId
from domain.referral import (
    REFERRAL,
    ComparedReferral,
    Folded,
    History,
    Milestone,
    NotRequested,
    Referral,
    ReferralClosed,
    ReferralDuplicateMarked,
    ReferralMissed,
    ReferralRedirected,
    ReferralReported,
    ReferralRequested,
    RequestedReferral,
    compared,
    duplicates_by_stream,
    ended_at,
    evolve,
    intervals,
    is_open,
    milestones,
    outcome_at,
    received_at,
    starts_at,
    step_of,
)
from domain.rules import Protocols
from domain.statement import Moment
from projections.engine.course import Course
from projections.engine.events import FiledOwnEvent
from projections.engine.projection import ByCourse, Projection
from projections.engine.services import Services
from projections.engine.table import Row
from projections.engine.views import PRODUCTION, TableView
from projections.owed_duty import OwedDuty
from projections.patient_protocols import patient_protocols
from projections.referral_loop import ENTERED_IN_ERROR, history, is_referral
from projections.referral_tables import REFERRAL_EVENTS, REFERRAL_INTERVALS, REFERRALS

_PLACES: Final[dict[Milestone, int]] = {
    "sent": 1,
    "accepted": 2,
    "complete": 3,
    "appointment_made": 4,
    "appointment_held": 5,
    "outcome": 6,
    "acknowledged": 7,
}


@dataclass(frozen=True, slots=True)
class _FoldedReferral:
    """One referral of a component, folded once for all of its rows."""

    stream: StreamId
    events: Sequence[FiledOwnEvent]
    history: History
    folded: Folded
    asked: ReferralRequested  # in force; if none is, the newest void one

    @property
    def mode(self) -> Mode:
        return self.asked.mode


def rows(course: Course, services: Services) -> dict[str, list[Row]]:  # noqa: ARG001
    """Return the rows of a component."""
    found = list(_referrals(course))
    likely = _likely_duplicates(course, found)
    protocols = patient_protocols(course)
    return {
        REFERRALS.name: [
            _row(course, one, likely.get(one.stream, ()), protocols(one.asked.record))
            for one in found
        ],
        REFERRAL_EVENTS.name: [row for one in found for row in _event_rows(course, one)],
        REFERRAL_INTERVALS.name: [row for one in found for row in _interval_rows(course, one)],
    }


def duties_of_referrals(course: Course) -> Iterator[OwedDuty]:
    """Yield the duties of the referrals of a component."""
    found = list(_referrals(course))
    likely = _likely_duplicates(course, found)
    protocols = patient_protocols(course)
    for one in found:
        mine = protocols(one.asked.record)
        owed = referral_duties.duties(one.stream, one.history, mine)
        if one.stream in likely:
            decision = referral_duties.duplicate_duty(one.stream, one.history, mine)
            owed += [decision] if decision else []
        for each in owed:
            yield OwedDuty(
                each,
                kind="referral",
                record=one.asked.record,
                mode=one.mode,
                concerns=one.asked.service or one.asked.specialty,
            )


def _referrals(course: Course) -> Iterator[_FoldedReferral]:
    for stream, events in course.streams.items():
        if not is_referral(events):
            continue
        own = history(events)
        folded = fold(REFERRAL, own)
        state = folded.state
        asked = (
            [each.event for each in own if isinstance(each.event, ReferralRequested)][-1]
            if isinstance(state, NotRequested)
            else state.request
        )
        yield _FoldedReferral(StreamId(stream), events, own, folded, asked)


def _likely_duplicates(
    course: Course, found: Sequence[_FoldedReferral]
) -> Mapping[StreamId, tuple[StreamId, ...]]:
    """Return the likely duplicates of each referral, among those of the same patient."""
    by_patient: dict[str, dict[StreamId, ComparedReferral]] = {}
    for one in found:
        other = compared(one.stream, one.folded)
        if other is not None:
            by_patient.setdefault(course.patient_of(one.asked.record), {})[one.stream] = other
    likely: dict[StreamId, tuple[StreamId, ...]] = {}
    for referrals in by_patient.values():
        likely |= duplicates_by_stream(referrals)
    return likely


def _row(
    course: Course, one: _FoldedReferral, likely: tuple[StreamId, ...], protocols: Protocols
) -> Row:
    asked, folded, applied = one.asked, one.folded, one.folded.applied
    state = folded.state
    reached = milestones(folded)
    closed = [each.event for each in applied if isinstance(each.event, ReferralClosed)]
    told = [each.plan_told_to_patient_on for each in closed if each.plan_told_to_patient_on]
    redirected = [each.event for each in applied if isinstance(each.event, ReferralRedirected)]
    appointment = starts_at(applied)
    word = ENTERED_IN_ERROR if isinstance(state, NotRequested) else state.word
    return (
        one.stream,
        course.patient_of(asked.record),
        asked.record,
        asked.mode,
        word,
        state.step if isinstance(state, RequestedReferral) else word,
        is_open(state),
        len(one.history),
        asked.requester.organisation,
        asked.requester.person,
        asked.target.organisation,
        asked.target.person,
        asked.target.pool,
        asked.service,
        asked.specialty,
        asked.urgency,
        asked.category,
        asked.needed_by.isoformat() if asked.needed_by else None,
        referral_duties.expires_at(asked, protocols.at(asked.happened_at.at)),
        asked.care_plan,
        asked.goal,
        asked.activity,
        asked.happened_at.at,
        _at(reached["sent"]),
        _at(received_at(applied)),
        _at(reached["accepted"]),
        _at(reached["complete"]),
        _at(reached["appointment_made"]),
        appointment.starts_at if appointment else None,
        _at(reached["appointment_held"]),
        sum(step_of(each.event) is ReferralMissed for each in applied),
        _at(outcome_at(applied)),
        _at(ended_at(folded)),
        told[-1].isoformat() if told else None,
        closed[-1].need_met if closed and word == "closed" else None,
        redirected[-1].new_referral if redirected and word == "redirected" else None,
        sorted(
            {
                each.event.other
                for each in applied
                if isinstance(each.event, ReferralDuplicateMarked)
            }
        ),
        list(likely),
        asked.anchor,
        course.encounter_of(asked.anchor),
        course.encounter_of(asked.transition_anchor),
        _flags(one, likely),
        one.events[-1].index,
        one.events[0].recorded_at,
        one.events[-1].recorded_at,
        course.component,
    )


def _flags(one: _FoldedReferral, likely: tuple[StreamId, ...]) -> list[str]:
    folded = one.folded
    reports = {each.event_id for each in one.history if isinstance(each.event, ReferralReported)}
    flags = (
        ("contradicted_by_report", folded.not_legal - reports),
        ("has_void_events", folded.void),
        ("likely_duplicate", likely),
        ("reported_not_legal", folded.not_legal & reports),
        ("rests_on_void", folded.rests_on_void),
    )
    return [code for code, found in flags if found]


def _event_rows(course: Course, one: _FoldedReferral) -> Iterator[Row]:
    folded = one.folded
    after: dict[str, str] = {}
    state: Referral = REFERRAL.initial
    for fact in folded.applied:
        state = evolve(state, fact.event)
        after[fact.event_id] = state.word
    patient = course.patient_of(one.asked.record)
    for filed, fact in zip(one.events, one.history, strict=True):
        event, actor = fact.event, filed.actor
        report = isinstance(event, ReferralReported)
        flags = (
            ("rests_on_void", fact.event_id in folded.rests_on_void),
            (
                "reported_not_legal" if report else "contradicted_by_report",
                fact.event_id in folded.not_legal,
            ),
        )
        yield (
            one.stream,
            fact.version,
            fact.event_id,
            patient,
            one.asked.record,
            one.mode,
            event.move(),
            event.claim if isinstance(event, ReferralReported) else None,
            event.happened_at.at,
            event.happened_at.precision,
            filed.recorded_at,
            None if isinstance(event, EnteredInError) else after.get(fact.event_id),
            fact.event_id in folded.void,
            actor.issuer or None,
            actor.subject or None,
            actor.role or None,
            actor.purpose or None,
            [code for code, holds in flags if holds],
            filed.index,
            course.component,
        )


def _interval_rows(course: Course, one: _FoldedReferral) -> Iterator[Row]:
    if isinstance(one.folded.state, NotRequested):
        return
    patient = course.patient_of(one.asked.record)
    for each in intervals(one.folded):
        ended = each.ended_at
        yield (
            one.stream,
            _PLACES[each.milestone],
            each.milestone,
            each.since,
            patient,
            one.mode,
            each.began_at.at,
            _at(ended),
            int((ended.at - each.began_at.at).total_seconds()) if ended else None,
            course.component,
        )


def _at(moment: Moment | None) -> object:
    return moment.at if moment else None


PROJECTION: Final = Projection(
    name="referral",
    version=2,
    tables=(REFERRALS, REFERRAL_EVENTS, REFERRAL_INTERVALS),
    fold=ByCourse(rows=rows),
    views=(
        TableView("referral", REFERRALS, PRODUCTION),
        TableView("referral_event", REFERRAL_EVENTS, PRODUCTION),
        TableView("referral_interval", REFERRAL_INTERVALS, PRODUCTION),
    ),
)
