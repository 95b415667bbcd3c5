"""Lists of what is derived from the facts: transitions and duties."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from caretrail.api.incoming import Incoming
from caretrail.api.reading import (
    AskedPage,
    in_care,
    list_read,
    offset_of,
    page,
    person_read,
    shown,
    sliced,
    wait,
)
from caretrail.api.stream_reads import patient_of
from caretrail.reading.duty_lists import duty_json
from caretrail.reading.members import Json
from caretrail.reading.past_rows import PastRows
from caretrail.reading.transition_lists import listed_json
from domain.events import UUID_TEXT, OptionalCode
from domain.ids import PatientId, RecordId
from projections.duty_list import DutyFilter, listed_duties
from projections.transition_list import listed_transitions


class AskedDerived(AskedPage):
    """A page of what is derived."""

    patient: Annotated[
        str | None, Field(pattern=UUID_TEXT, description="only those of this patient: a patient id")
    ] = None


class AskedTransitions(AskedDerived):
    """A page of transitions."""

    open: Annotated[bool, Field(description="only those that are open, in their window")] = False
    overdue: Annotated[bool, Field(description="only those with an overdue step")] = False
    facility: Annotated[
        OptionalCode, Field(description="only discharges from this facility; empty: all")
    ] = ""
    state: Annotated[
        str,
        Field(
            pattern="^(open|suspended|completed|closed|withdrawn)?$",
            description="only those in this state; empty: all",
        ),
    ] = ""


class AskedDuties(AskedDerived):
    """A page of duties."""

    organisation: Annotated[
        OptionalCode, Field(description="only duties of this organisation; empty: all")
    ] = ""
    person: Annotated[OptionalCode, Field(description="only duties of this person; empty: all")] = (
        ""
    )
    pool: Annotated[OptionalCode, Field(description="only duties of this pool; empty: all")] = ""
    kind: Annotated[
        OptionalCode, Field(description="only duties about this kind of stream; empty: all")
    ] = ""
    duty: Annotated[OptionalCode, Field(description="only duties with this code; empty: all")] = ""
    open: Annotated[bool, Field(description="only duties that are not done")] = False
    overdue: Annotated[bool, Field(description="only duties that are overdue")] = False


#: Returns the rows from the first one on: of a patient if one is named, seen from an instant.
_Rows = Callable[[PastRows, PatientId | None, datetime, int], list[Json]]


def transitions(incoming: Incoming) -> Response:
    """Answer with a page of the transitions, the most pressing first."""
    asked = incoming.asked(AskedTransitions)

    def rows(then: PastRows, patient: PatientId | None, at: datetime, limit: int) -> list[Json]:
        found = listed_transitions(
            then.connection,
            at=at,
            only_open=asked.open,
            only_overdue=asked.overdue,
            facility=asked.facility,
            state=asked.state,
            patient=patient,
            limit=limit,
            relations=then,
        )
        return [listed_json(each) for each in found]

    return _answer(incoming, asked, rows)


def duties(incoming: Incoming) -> Response:
    """Answer with a page of the duties, those that are not done first."""
    asked = incoming.asked(AskedDuties)

    def rows(then: PastRows, patient: PatientId | None, at: datetime, limit: int) -> list[Json]:
        wanted = DutyFilter(
            organisation=asked.organisation,
            person=asked.person,
            pool=asked.pool,
            kind=asked.kind,
            duty=asked.duty,
            patient=patient,
            only_open=asked.open,
            only_overdue=asked.overdue,
        )
        found = listed_duties(then.connection, wanted, at=at, limit=limit, relations=then)
        return [duty_json(each, at) for each in found]

    return _answer(incoming, asked, rows)


def _answer(incoming: Incoming, asked: AskedDerived, rows: _Rows) -> Response:
    """Answer with a page: of one patient, or of all without those that the reader may not read."""
    wait(incoming, asked.wait_for)
    offset = offset_of(asked.cursor)
    at = asked.as_of_instant or incoming.services.now()
    person = person_read(incoming, asked.patient) if asked.patient is not None else None
    listed = None if person else list_read(incoming)
    read = person or listed
    assert read is not None  # noqa: S101  # one of the two
    record = RecordId(person.patient) if person else None
    with read.reader.past(
        as_of=asked.as_of_instant,
        known_at=asked.known_at_position,
        records=[record] if record else None,
    ) as then:
        patient = then.patient_of(record) if record else None
        found = rows(then, patient, at, offset + asked.limit + 1)
    some, after = sliced(found[offset:], asked, offset)
    allowed = in_care(incoming, listed, some, patient_of) if listed else list(some)
    return shown(
        incoming,
        page(allowed, after=after),
        right=read.right,
        patients=[person.patient] if person else [each["patient_id"] for each in allowed],
    )
