"""The state of each referral."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from psycopg import Connection, sql
from psycopg.rows import dict_row

from domain import referral
from domain.decider import FoldedStream, StreamEvent, fold
from domain.ids import EncounterId, Mode, PatientId, RecordId, StatementRef, StreamId
from domain.referral import (
    REFERRAL,
    Category,
    NeedMet,
    NotRequested,
    Referral,
    ReferralAccepted,
    ReferralClosed,
    ReferralEvent,
    ReferralOutcomeReceived,
    ReferralRequested,
    Urgency,
    closed_at,
)
from domain.referral.states import OPEN
from domain.statement import Precision
from projections.engine.columns import ARRIVAL, COMPONENT, FLAGS, MODE, PATIENT
from projections.engine.course import Course
from projections.engine.events import FiledOwnEvent
from projections.engine.projection import ByCourse, Projection
from projections.engine.relations import PRESENT, Relations
from projections.engine.services import Services
from projections.engine.table import Column, Row, Table
from projections.engine.views import PRODUCTION, TableView

#: The state of a referral whose request was entered in error.
ENTERED_IN_ERROR: Final = "entered_in_error"

REFERRAL_LOOP: Final = Table(
    "referral_loop",
    "One row per referral: who asks which target for what, and how far it is.",
    (
        Column("stream_id", "text", "The referral: id of its stream.", required=True),
        PATIENT,
        Column("record_id", "text", "Source record that the referral names.", required=True),
        MODE,
        Column(
            "state",
            "text",
            "How far it is: see care.referral; entered_in_error: the request is void.",
            required=True,
        ),
        Column("version", "bigint", "Number of its events.", required=True),
        Column("requester_organisation", "text", "Who asks: code.", required=True),
        Column("requester_person", "text", "Code; empty: not stated.", required=True),
        Column("target_organisation", "text", "Who is asked; empty: a pool.", required=True),
        Column("target_person", "text", "Code; empty: not stated.", required=True),
        Column("target_pool", "text", "Code; empty: not a pool.", required=True),
        Column("service", "text", "Code of the service; empty: not stated.", required=True),
        Column("specialty", "text", "Code of the specialty; empty: not stated.", required=True),
        Column("urgency", "text", "stat, urgent, asap or routine.", required=True),
        Column("category", "text", "clinical, social, diagnostic, post_acute.", required=True),
        Column("requested_at", "timestamptz", "When it was requested.", required=True),
        Column(
            "requested_precision",
            "text",
            "How precisely that is stated: year, month, day, hour, minute or second.",
            required=True,
        ),
        Column("accepted_at", "timestamptz", "When the target accepted; null: not yet."),
        Column("accepted_precision", "text", "How precisely that is stated; null: not yet."),
        Column("outcome_at", "timestamptz", "When the outcome was received; null: not yet."),
        Column("outcome_precision", "text", "How precisely that is stated; null: not yet."),
        Column("closed_at", "timestamptz", "When the requester closed it; null: not yet."),
        Column("closed_precision", "text", "How precisely that is stated; null: not yet."),
        Column("need_met", "text", "yes, partly, no or unknown; null: not closed."),
        Column("anchor_ref", "text", "Statement that the request names; null: none."),
        Column(
            "encounter_id",
            "text",
            "Encounter that holds this statement now, care.encounter; null: none does.",
        ),
        FLAGS,
        *ARRIVAL,
        COMPONENT,
    ),
    key=("stream_id",),
    indexes=(
        ("component",),
        ("patient_id",),
        ("requested_at", "stream_id"),
        ("state", "requested_at"),
        ("requester_organisation", "state", "requested_at"),
        ("target_organisation", "state", "requested_at"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralRow:
    """One referral: the columns of ``REFERRAL_LOOP`` that do not depend on arrival."""

    stream_id: StreamId
    patient_id: PatientId
    record_id: RecordId
    mode: Mode
    state: str
    version: int
    requester_organisation: str
    requester_person: str
    target_organisation: str
    target_person: str
    target_pool: str
    service: str
    specialty: str
    urgency: Urgency
    category: Category
    requested_at: datetime
    requested_precision: Precision
    accepted_at: datetime | None
    accepted_precision: Precision | None
    outcome_at: datetime | None
    outcome_precision: Precision | None
    closed_at: datetime | None
    closed_precision: Precision | None
    need_met: NeedMet | None
    anchor_ref: StatementRef | None
    encounter_id: EncounterId | None
    flags: tuple[str, ...]


_NAMES: Final = tuple(each.name for each in fields(ReferralRow))


def row_names() -> tuple[str, ...]:
    """Return the names of the columns of a ``ReferralRow``."""
    return _NAMES


def row_of(columns: Mapping[str, Any]) -> ReferralRow:
    """Return a referral from the columns of its row."""
    return ReferralRow(**{**columns, "flags": tuple(columns["flags"])})


def history(events: Iterable[FiledOwnEvent]) -> referral.History:
    """Convert the filed events of a referral to events that its decider takes."""
    found: list[StreamEvent[ReferralEvent]] = []
    for each in events:
        assert isinstance(each.core, ReferralEvent)  # noqa: S101  # the topic gives the type
        found.append(StreamEvent(each.event_id, each.version, each.core))
    return found


def is_referral(events: Sequence[FiledOwnEvent]) -> bool:
    """Tell whether the events of a stream are those of a referral."""
    return isinstance(events[0].core, ReferralEvent)


def referral_row(
    stream: StreamId,
    history: referral.History,
    *,
    patient_of: Callable[[RecordId], PatientId],
    encounter_of: Callable[[StatementRef | None], EncounterId | None],
) -> ReferralRow:
    """Return the row of a referral.

    Args:
        stream: The id of the referral.
        history: Its events; at least one is a request.
        patient_of: Returns the patient of a source record.
        encounter_of: Returns the encounter that contains a statement.
    """
    folded = fold(REFERRAL, history)
    asked = _request(folded, history)
    stated = {type(each.event): each.event.happened_at for each in folded.applied}
    accepted = stated.get(ReferralAccepted)
    outcome = stated.get(ReferralOutcomeReceived)
    ended = closed_at(folded.applied)
    closed = [each.event for each in folded.applied if isinstance(each.event, ReferralClosed)]
    flags = (("has_void_events", folded.void), ("rests_on_void", folded.rests_on_void))
    return ReferralRow(
        stream_id=stream,
        patient_id=patient_of(asked.record),
        record_id=asked.record,
        mode=asked.mode,
        state=ENTERED_IN_ERROR if isinstance(folded.state, NotRequested) else folded.state.word,
        version=len(history),
        requester_organisation=asked.requester.organisation,
        requester_person=asked.requester.person,
        target_organisation=asked.target.organisation,
        target_person=asked.target.person,
        target_pool=asked.target.pool,
        service=asked.service,
        specialty=asked.specialty,
        urgency=asked.urgency,
        category=asked.category,
        requested_at=asked.happened_at.at,
        requested_precision=asked.happened_at.precision,
        accepted_at=accepted.at if accepted else None,
        accepted_precision=accepted.precision if accepted else None,
        outcome_at=outcome.at if outcome else None,
        outcome_precision=outcome.precision if outcome else None,
        closed_at=ended.at if ended else None,
        closed_precision=ended.precision if ended else None,
        need_met=closed[-1].need_met if closed and ended else None,
        anchor_ref=asked.anchor,
        encounter_id=encounter_of(asked.anchor),
        flags=tuple(code for code, found in flags if found),
    )


def rows(course: Course, services: Services) -> dict[str, list[Row]]:  # noqa: ARG001
    """Return the rows of a component."""
    return {
        "referral_loop": [
            _row(course, StreamId(stream), events)
            for stream, events in course.streams.items()
            if is_referral(events)
        ]
    }


def _row(course: Course, stream: StreamId, events: Sequence[FiledOwnEvent]) -> Row:
    row = referral_row(
        stream,
        history(events),
        patient_of=course.patient_of,
        encounter_of=course.encounter_of,
    )
    return (
        *(getattr(row, name) for name in _NAMES),
        events[-1].index,
        events[0].recorded_at,
        events[-1].recorded_at,
        course.component,
    )


def _request(
    folded: FoldedStream[Referral, ReferralEvent], history: referral.History
) -> ReferralRequested:
    """Return the request that is in force; if there is none, the newest void request."""
    if not isinstance(folded.state, NotRequested):
        return folded.state.request
    return [each.event for each in history if isinstance(each.event, ReferralRequested)][-1]


PROJECTION: Final = Projection(
    name="referral_loop",
    version=6,
    tables=(REFERRAL_LOOP,),
    fold=ByCourse(rows=rows),
    views=(TableView("referral_loop", REFERRAL_LOOP, PRODUCTION),),
)


def referrals(  # noqa: PLR0913 - one argument per filter
    connection: Connection[Any],
    *,
    relations: Relations = PRESENT,
    stream: str | None = None,
    state: str | None = None,
    patient: str | None = None,
    only_open: bool = False,
    requester: str | None = None,
    target: str | None = None,
    limit: int = 100,
) -> list[ReferralRow]:
    """Return referrals, the newest request first.

    Args:
        connection: The connection of the caller.
        relations: Those of now, or of other instants: see ``Reader.past``.
        stream: If given, only the referral with this id.
        state: If given, only referrals in this state.
        patient: If given, only referrals of this patient.
        only_open: Whether to leave out those that ended, and those entered in error.
        requester: If given, only referrals that this organisation asks for.
        target: If given, only referrals to this organisation or pool.
        limit: The largest number of rows.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(
            sql.SQL(
                """
            select stream_id, patient_id, record_id, mode, state, version, requester_organisation,
                requester_person, target_organisation, target_person, target_pool, service,
                specialty, urgency, category, requested_at, requested_precision, accepted_at,
                accepted_precision, outcome_at, outcome_precision, closed_at, closed_precision,
                need_met, anchor_ref, encounter_id, flags
            from {referrals} as r
            where (%(stream)s::text is null or stream_id = %(stream)s)
                and (%(state)s::text is null or state = %(state)s)
                and (%(patient)s::text is null or patient_id = %(patient)s)
                and (%(open)s::text[] is null or state = any(%(open)s))
                and (%(requester)s::text is null or requester_organisation = %(requester)s)
                and (%(target)s::text is null or %(target)s in (target_organisation, target_pool))
            order by requested_at desc, stream_id limit %(limit)s
            """
            ).format(referrals=relations.of(REFERRAL_LOOP)),
            {
                "stream": stream,
                "state": state,
                "patient": patient,
                "open": [*OPEN, "held"] if only_open else None,
                "requester": requester,
                "target": target,
                "limit": limit,
            },
        ).fetchall()
    return [row_of(each) for each in found]
