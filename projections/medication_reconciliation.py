"""The medication lists of each person, and how they were reconciled."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Final

from domain import medication_duties
from domain.decider import fold
from domain.events import Code
from domain.ids import EncounterId, StatementRef, StreamId
from domain.medication_facts import (
    MAY_RECONCILE,
    ActionCounts,
    DiscrepancyKind,
    GivenTo,
    ListSource,
    MedicationListReported,
    MedicationsReconciled,
    ReconciledAt,
    ReconcilerRole,
    Resolution,
)
from domain.medication_list import KIND, MEDICATION_LIST, KnownLists, MedicationHistory
from domain.statement import Precision
from projections.engine.columns import ARRIVAL, COMPONENT, FLAGS, MODE, PATIENT
from projections.engine.course import Course
from projections.engine.projection import ByCourse, Projection
from projections.engine.services import Services
from projections.engine.table import Column, Row, Table
from projections.engine.views import PRODUCTION, TableView
from projections.owed_duty import OwedDuty
from projections.patient_protocols import patient_protocols
from projections.person_streams import history

_STREAM: Final = Column("stream_id", "text", "Stream of the person's lists.", required=True)
_BY: Final = (
    Column("by_organisation", "text", "Who says so: code; empty: not stated.", required=True),
    Column("by_person", "text", "Code; empty: not stated.", required=True),
)

MEDICATION_RECONCILIATION: Final = Table(
    "medication_reconciliation",
    "One row per reconciliation: lists were compared, and each item was decided.",
    (
        _STREAM,
        Column("number", "integer", "Its place by time, from 1.", required=True),
        PATIENT,
        MODE,
        Column("reconciled_at", "timestamptz", "When.", required=True),
        Column("reconciled_precision", "text", "How precisely that is stated.", required=True),
        Column("at_point", "text", "admission, transfer, discharge, ...", required=True),
        *_BY,
        Column("role", "text", "prescriber, pharmacist, nurse or other.", required=True),
        Column("reported_by", "text", "Partner that reports it; null: our people did it."),
        Column("compared", "text[]", "Lists of the stream that were compared.", required=True),
        Column(
            "compared_elsewhere",
            "text[]",
            "Lists of other records of the person that were compared: stream and list.",
            required=True,
        ),
        Column("continued", "integer", "Medicines to continue.", required=True),
        Column("changed", "integer", "Medicines to change.", required=True),
        Column("stopped", "integer", "Medicines to stop.", required=True),
        Column("started", "integer", "Medicines to start.", required=True),
        Column("held", "integer", "Medicines to hold.", required=True),
        Column("to_clarify", "integer", "Medicines to ask about.", required=True),
        Column("unresolved", "integer", "Items that could not be decided.", required=True),
        Column("given_to", "text[]", "Who got the reconciled list.", required=True),
        Column("is_written_copy", "boolean", "The patient got it in writing.", required=True),
        Column("language", "text", "Of the copy, BCP 47; empty: not stated.", required=True),
        Column("anchor_ref", "text", "Statement that it names; null: none."),
        Column("encounter_id", "text", "Encounter that holds it now, care.encounter; null: none."),
        FLAGS,
        *ARRIVAL,
        COMPONENT,
    ),
    key=("stream_id", "number"),
    indexes=(("component",), ("patient_id",)),
)

MEDICATION_LIST_TABLE: Final = Table(
    "medication_list",
    "One row per medication list. Its items are sealed.",
    (
        _STREAM,
        Column("list_id", "text", "The list within the stream.", required=True),
        PATIENT,
        MODE,
        Column("source", "text", "home, hospital, discharge, pharmacy, patient.", required=True),
        Column("listed_at", "timestamptz", "When it was recorded.", required=True),
        Column("listed_precision", "text", "How precisely that is stated.", required=True),
        *_BY,
        Column("items", "integer", "Number of its items.", required=True),
        Column("is_compared", "boolean", "A reconciliation compared it.", required=True),
        *ARRIVAL,
        COMPONENT,
    ),
    key=("stream_id", "list_id"),
    indexes=(("component",), ("patient_id",)),
)

MEDICATION_DISCREPANCY: Final = Table(
    "medication_discrepancy",
    "One row per discrepancy between medication lists, or between a list and what is taken.",
    (
        _STREAM,
        Column("discrepancy_id", "text", "The discrepancy within the stream.", required=True),
        PATIENT,
        MODE,
        Column("kind", "text", "omitted, duplicated, dose, frequency, ...", required=True),
        Column("items", "text[]", "Items that it is about.", required=True),
        Column("found_at", "timestamptz", "When it was found.", required=True),
        Column("found_precision", "text", "How precisely that is stated.", required=True),
        *_BY,
        Column("resolved_at", "timestamptz", "When it was resolved; null: open."),
        Column("resolved_precision", "text", "How precisely that is stated; null: open."),
        Column("resolved_how", "text", "What was done; null: open."),
        *ARRIVAL,
        COMPONENT,
    ),
    key=("stream_id", "discrepancy_id"),
    indexes=(("component",), ("patient_id",)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationRow:
    """One reconciliation: see ``MEDICATION_RECONCILIATION``."""

    reconciled_at: datetime
    reconciled_precision: Precision
    at_point: ReconciledAt
    by_organisation: str
    by_person: str
    role: ReconcilerRole
    reported_by: Code | None
    compared: tuple[str, ...]
    compared_elsewhere: tuple[str, ...]
    continued: int
    changed: int
    stopped: int
    started: int
    held: int
    to_clarify: int
    unresolved: int
    given_to: tuple[GivenTo, ...]
    is_written_copy: bool
    language: str
    anchor_ref: StatementRef | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """One list: see ``MEDICATION_LIST_TABLE``."""

    source: ListSource
    listed_at: datetime
    listed_precision: Precision
    by_organisation: str
    by_person: str
    items: int
    is_compared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscrepancyRow:
    """One discrepancy: see ``MEDICATION_DISCREPANCY``."""

    kind: DiscrepancyKind
    items: tuple[str, ...]
    found_at: datetime
    found_precision: Precision
    by_organisation: str
    by_person: str
    resolved_at: datetime | None
    resolved_precision: Precision | None
    resolved_how: Resolution | None


def reconciliation_rows(known: KnownLists) -> list[ReconciliationRow]:
    """Return the reconciliations, by time."""
    return [_reconciliation_row(each) for each in known.reconciliations]


def _reconciliation_row(one: MedicationsReconciled | MedicationListReported) -> ReconciliationRow:
    """Return the row of a reconciliation. A report states no lists and no decisions."""
    own = one if isinstance(one, MedicationsReconciled) else None
    actions = own.actions if own else ActionCounts()
    return ReconciliationRow(
        reconciled_at=one.happened_at.at,
        reconciled_precision=one.happened_at.precision,
        at_point=one.at_point,
        by_organisation=one.by.organisation,
        by_person=one.by.person,
        role=one.role,
        reported_by=one.partner if isinstance(one, MedicationListReported) else None,
        compared=own.compared if own else (),
        compared_elsewhere=tuple(each.ref for each in own.compared_elsewhere) if own else (),
        **actions.model_dump(),
        unresolved=own.unresolved if own else 0,
        given_to=own.given_to if own else (),
        is_written_copy=own.written_copy if own else False,
        language=own.language if own else "",
        anchor_ref=one.anchor,
    )


def flags_of(row: ReconciliationRow) -> tuple[str, ...]:
    """Return what is doubtful about a reconciliation: its role may not count."""
    return () if row.role in MAY_RECONCILE else ("role_may_not_reconcile",)


def compared_elsewhere(known: KnownLists) -> set[str]:
    """Return the lists of other streams that reconciliations compared: stream and list."""
    return {each.ref for one in known.comparisons for each in one.compared_elsewhere}


def list_rows(known: KnownLists, elsewhere: Collection[str] = ()) -> Mapping[str, ListRow]:
    """Return the lists by their ids.

    Args:
        known: The lists, and the reconciliations of their stream.
        elsewhere: The lists of the stream that reconciliations of other streams compared.
    """
    compared = {each for one in known.comparisons for each in one.compared}.union(elsewhere)
    return {
        list_id: ListRow(
            source=each.source,
            listed_at=each.happened_at.at,
            listed_precision=each.happened_at.precision,
            by_organisation=each.by.organisation,
            by_person=each.by.person,
            items=each.items,
            is_compared=list_id in compared,
        )
        for list_id, each in known.lists.items()
    }


def discrepancy_rows(known: KnownLists) -> Mapping[str, DiscrepancyRow]:
    """Return the discrepancies by their ids."""
    found: dict[str, DiscrepancyRow] = {}
    for discrepancy_id, each in known.discrepancies.items():
        resolved = each.resolved
        found[discrepancy_id] = DiscrepancyRow(
            kind=each.found.kind,
            items=each.found.items,
            found_at=each.found.happened_at.at,
            found_precision=each.found.happened_at.precision,
            by_organisation=each.found.by.organisation,
            by_person=each.found.by.person,
            resolved_at=resolved.happened_at.at if resolved else None,
            resolved_precision=resolved.happened_at.precision if resolved else None,
            resolved_how=resolved.how if resolved else None,
        )
    return found


def rows(course: Course, services: Services) -> dict[str, list[Row]]:  # noqa: ARG001
    """Return the rows of a component."""
    found: dict[str, list[Row]] = {each.name: [] for each in PROJECTION.tables}
    streams: dict[str, MedicationHistory] = {
        stream: history(filed, KIND.events)
        for stream, filed in course.streams.items()
        if isinstance(filed[0].core, KIND.events)
    }
    lists = {
        stream: fold(MEDICATION_LIST, events).state.known for stream, events in streams.items()
    }
    elsewhere = {each for known in lists.values() for each in compared_elsewhere(known)}
    for stream, known in lists.items():
        filed, first = course.streams[stream], streams[stream][0].event
        assert first.record is not None  # noqa: S101  # every event of the kind names one
        about = (course.patient_of(first.record), first.mode)
        rest = (filed[-1].index, filed[0].recorded_at, filed[-1].recorded_at, course.component)
        found[MEDICATION_RECONCILIATION.name] += [
            (stream, number, *about, *astuple(row), _encounter(course, row), flags_of(row), *rest)
            for number, row in enumerate(reconciliation_rows(known), 1)
        ]
        parts: Mapping[str, Mapping[str, ListRow | DiscrepancyRow]] = {
            MEDICATION_LIST_TABLE.name: list_rows(known, lists_of_stream(stream, elsewhere)),
            MEDICATION_DISCREPANCY.name: discrepancy_rows(known),
        }
        for table, some in parts.items():
            found[table] += [
                (stream, key, *about, *astuple(each), *rest) for key, each in some.items()
            ]
    return found


def lists_of_stream(stream: str, refs: Iterable[str]) -> set[str]:
    """Return the lists of one stream among lists that are written after their streams."""
    named = (each.rpartition("/") for each in refs)
    return {list_id for other, _, list_id in named if other == stream}


def _encounter(course: Course, row: ReconciliationRow) -> EncounterId | None:
    return course.encounter_of(row.anchor_ref)


def duties_of_medication_lists(course: Course) -> Iterator[OwedDuty]:
    """Yield the duties of the medication lists of a component."""
    protocols = patient_protocols(course)
    for stream, filed in course.streams.items():
        if isinstance(filed[0].core, KIND.events):
            events: MedicationHistory = history(filed, KIND.events)
            first = events[0].event
            assert first.record is not None  # noqa: S101  # every event of the kind names one
            for each in medication_duties.duties(StreamId(stream), events, protocols(first.record)):
                yield OwedDuty(each, kind=KIND.name, record=first.record, mode=first.mode)


PROJECTION: Final = Projection(
    name="medication_reconciliation",
    version=3,
    tables=(MEDICATION_RECONCILIATION, MEDICATION_LIST_TABLE, MEDICATION_DISCREPANCY),
    fold=ByCourse(rows=rows),
    views=(
        TableView("medication_reconciliation", MEDICATION_RECONCILIATION, PRODUCTION),
        TableView("medication_list", MEDICATION_LIST_TABLE, PRODUCTION),
        TableView("medication_discrepancy", MEDICATION_DISCREPANCY, PRODUCTION),
    ),
)
