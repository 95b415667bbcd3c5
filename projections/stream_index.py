"""The own streams that are listed by what they say, and what each of them can be found by.

Referrals, care plans and transitions have read models of their own, which lists ask. The streams of
other kinds hold several facts at once: a care team its members, a medication list its lists. So
lists find them by terms, and the rows of a page are made of the streams themselves.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from psycopg import Connection, sql
from psycopg.rows import class_row

from domain import attribution, care_team, medication_list, work
from domain.attribution import ATTRIBUTION
from domain.care_team import CARE_TEAM
from domain.decider import fold
from domain.events import OwnEvent
from domain.ids import PatientId, RecordId, StreamId
from domain.medication_list import MEDICATION_LIST
from domain.work import WORK, WorkEvent
from projections.engine.columns import COMPONENT, MODE, PATIENT
from projections.engine.course import Course
from projections.engine.events import FiledOwnEvent
from projections.engine.projection import ByCourse, Projection
from projections.engine.relations import PRESENT, Relations
from projections.engine.services import Services
from projections.engine.table import Column, Row, Table
from projections.medication_reconciliation import compared_elsewhere, lists_of_stream
from projections.person_streams import history
from projections.stream_terms import (
    StreamTerm,
    state_of_attributions,
    state_of_medications,
    state_of_team,
    terms_of_attributions,
    terms_of_medications,
    terms_of_team,
    terms_of_work,
)

_STREAM: Final = Column("stream_id", "text", "The own stream.", required=True)

STREAM_INDEX: Final = Table(
    "stream_index",
    "One row per attribution, care team, medication list and work stream of a source record.",
    (
        _STREAM,
        Column("kind", "text", "Kind of the stream, such as care_team.", required=True),
        Column("state", "text", "Its state; empty: the kind has none.", required=True),
        PATIENT,
        Column("record_id", "text", "Source record that it names.", required=True),
        MODE,
        Column("began_at", "timestamptz", "When its first event happened.", required=True),
        COMPONENT,
    ),
    key=("stream_id",),
    indexes=(("component",), ("kind", "began_at", "stream_id"), ("patient_id",)),
    published=False,
)
STREAM_TERM: Final = Table(
    "stream_term",
    "One row per stream and term under which a list finds it.",
    (
        _STREAM,
        Column("number", "integer", "Its place among those of the stream, from 1.", required=True),
        Column("term", "text", "The term, such as member.", required=True),
        Column("code", "text", "Code of it; empty: the term has none.", required=True),
        Column("since", "timestamptz", "It holds from then on; null: no time is stated."),
        Column("until", "timestamptz", "It holds until then; null: no end is stated."),
        COMPONENT,
    ),
    key=("stream_id", "number"),
    indexes=(("component",), ("term", "code")),
    published=False,
)


class _Described(NamedTuple):
    """A stream as lists find it."""

    state: str
    terms: Sequence[StreamTerm]


def rows(course: Course, services: Services) -> dict[str, list[Row]]:  # noqa: ARG001
    """Return the rows of a component."""
    found: dict[str, list[Row]] = {STREAM_INDEX.name: [], STREAM_TERM.name: []}
    for stream, kind, (state, terms) in _described(course):
        events = [each.core for each in course.streams[stream] if isinstance(each.core, OwnEvent)]
        (first, *_) = events
        assert first.record is not None  # noqa: S101  # each event of these kinds names one
        began = min(each.happened_at.at for each in events)
        patient = course.patient_of(first.record)
        found[STREAM_INDEX.name].append(
            (stream, kind, state, patient, first.record, first.mode, began, course.component)
        )
        found[STREAM_TERM.name] += [
            (stream, number, *each, course.component)
            for number, each in enumerate(dict.fromkeys(terms), 1)
        ]
    return found


def _described(course: Course) -> Iterator[tuple[StreamId, str, _Described]]:
    """Yield the streams of the kinds that are listed by terms."""
    lists = {
        stream: fold(MEDICATION_LIST, history(filed, medication_list.KIND.events))
        for stream, filed in _of_kind(course, medication_list.KIND.events)
    }
    elsewhere = {ref for each in lists.values() for ref in compared_elsewhere(each.state.known)}
    for stream, folded in lists.items():
        named = lists_of_stream(stream, elsewhere)
        terms = terms_of_medications(folded.state.known, compared_elsewhere=named)
        described = _Described(state_of_medications(folded), tuple(terms))
        yield stream, medication_list.KIND.name, described
    for stream, filed in _of_kind(course, care_team.KIND.events):
        team = fold(CARE_TEAM, history(filed, care_team.KIND.events))
        described = _Described(state_of_team(team), tuple(terms_of_team(team.state)))
        yield stream, care_team.KIND.name, described
    for stream, filed in _of_kind(course, attribution.KIND.events):
        told = fold(ATTRIBUTION, history(filed, attribution.KIND.events)).state
        described = _Described(state_of_attributions(told), tuple(terms_of_attributions(told)))
        yield stream, attribution.KIND.name, described
    for stream, filed in _of_kind(course, work.KIND.events):
        done = fold(WORK, history(filed, work.KIND.events)).state
        about = next(each.core for each in filed if isinstance(each.core, WorkEvent))
        yield stream, work.KIND.name, _Described("", tuple(terms_of_work(done, about)))


def _of_kind(
    course: Course, types: tuple[type[OwnEvent], ...]
) -> Iterator[tuple[StreamId, tuple[FiledOwnEvent, ...]]]:
    for stream, filed in course.streams.items():
        if isinstance(filed[0].core, types):
            yield StreamId(stream), filed


PROJECTION: Final = Projection(
    name="stream_index",
    version=1,
    tables=(STREAM_INDEX, STREAM_TERM),
    fold=ByCourse(rows=rows),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedStream:
    """A stream that a list found."""

    stream_id: StreamId
    patient_id: PatientId
    record_id: RecordId


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedTerm:
    """What a stream must say at the instant of a list: one of the terms, with the code."""

    terms: tuple[str, ...]
    code: str = ""  # empty: any


def streams_with(
    connection: Connection[Any],
    kind: str,
    *,
    at: datetime,
    state: str = "",
    wanted: Sequence[WantedTerm] = (),
    patient: str | None = None,
    limit: int = 100,
    relations: Relations = PRESENT,
) -> Sequence[IndexedStream]:
    """Return the streams of a kind that say what is wanted, the newest first.

    Args:
        connection: The connection of the caller.
        kind: The kind of the streams.
        at: The instant at which the terms must hold.
        state: If given, only streams in this state.
        wanted: What each stream must say: all of these.
        patient: If given, only streams of this patient.
        limit: The largest number of rows.
        relations: The tables, or their rows at other instants.
    """
    terms = relations.of(STREAM_TERM) if wanted else sql.SQL("")
    conditions = [
        sql.SQL(
            "exists (select from {terms} as t where t.stream_id = r.stream_id"
            " and t.term = any({names}::text[]) and ({code} = '' or t.code = {code})"
            " and (t.since is null or t.since <= %(at)s)"
            " and (t.until is null or t.until > %(at)s))"
        ).format(terms=terms, names=list(each.terms), code=each.code)
        for each in wanted
    ]
    query = sql.SQL(
        """
        select stream_id, patient_id, record_id from {streams} as r
        where kind = %(kind)s and (%(state)s = '' or state = %(state)s)
            and (%(patient)s::text is null or patient_id = %(patient)s) {conditions}
        order by began_at desc, stream_id limit %(limit)s
        """
    ).format(
        streams=relations.of(STREAM_INDEX),
        conditions=sql.SQL(" ").join(sql.SQL("and ") + each for each in conditions),
    )
    given: Mapping[str, object] = {
        "kind": kind, "at": at, "state": state, "patient": patient, "limit": limit,
    }  # fmt: skip
    with connection.cursor(row_factory=class_row(IndexedStream)) as cursor:
        return cursor.execute(query, given).fetchall()
