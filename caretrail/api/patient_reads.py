"""The reads of patients: the timeline, lists and searches, the census, and who is responsible."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from caretrail.api.giving import several
from caretrail.api.incoming import Incoming, shaped, wrong_parameter
from caretrail.api.problems import Problem
from caretrail.api.reading import (
    AskedInstants,
    AskedPage,
    WaitFor,
    in_care,
    list_read,
    no_cursor,
    offset_of,
    page,
    person_read,
    shown,
    sliced,
    wait,
)
from caretrail.reading.contract import census_json, patients_json, timeline_json
from caretrail.reading.listing import NumberShared, PatientSearch, read_cursor
from caretrail.reading.members import Json
from caretrail.reading.past_patients import FIRST, patients_then, read_place, summary_then
from caretrail.reading.responsibility import (
    TeamReading,
    attributions_json,
    read_team,
    responsible_json,
    team_json,
)
from domain.care_team.events import Scope
from domain.events import OptionalCode


class AskedCensus(AskedPage):
    """A page of the census."""

    facility: Annotated[
        str, Field(max_length=200, description="only places of this facility; empty: all")
    ] = ""


class AskedResponsible(AskedInstants):
    """Who is responsible for a scope of a patient's care."""

    scope: Annotated[Scope, Field(description="all, transition or programme")] = "all"
    programme: Annotated[
        OptionalCode, Field(description="code of the programme, if the scope is one")
    ] = ""


class PatientWords(BaseModel):
    """What a search for patients looks for. It is in the body, so that no address holds it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    words: Annotated[
        str,
        Field(
            min_length=1,
            max_length=200,
            description="names, a birth date, a number, or AUTHORITY|IDENTIFIER",
            examples=["Alder 1951-06-02"],
        ),
    ]


class AskedSearch(BaseModel):
    """A search. It finds patients by the names and numbers that they have now."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    wait_for: WaitFor = None


def timeline(incoming: Incoming) -> Response:
    """Answer with one patient's timeline."""
    asked = incoming.asked(AskedInstants)
    wait(incoming, asked.wait_for)
    read = person_read(incoming, incoming.path["patient"])
    reading = read.reader.patient(
        read.patient, as_of=asked.as_of_instant, known_at=asked.known_at_position
    )
    if reading is None:
        raise Problem("unknown_patient")
    return shown(incoming, timeline_json(reading), right=read.right, patients=[read.patient])


def patient(incoming: Incoming) -> Response:
    """Answer with one patient of the list of patients."""
    asked = incoming.asked(AskedInstants)
    wait(incoming, asked.wait_for)
    read = person_read(incoming, incoming.path["patient"])
    if asked.are_now:
        found = read.reader.summary(read.patient)
    else:
        reading = read.reader.patient(
            read.patient, as_of=asked.as_of_instant, known_at=asked.known_at_position
        )
        found = summary_then(reading) if reading else None
    if found is None:
        raise Problem("unknown_patient")
    return shown(incoming, patients_json(found), right=read.right, patients=[read.patient])


def patients(incoming: Incoming) -> Response:
    """Answer with a page of the list of patients, now or at other instants."""
    asked = incoming.asked(AskedPage)
    wait(incoming, asked.wait_for)
    read = list_read(incoming)
    if asked.are_now:
        if asked.cursor and read_cursor(asked.cursor) is None:
            raise no_cursor()
        found = read.reader.patients(cursor=asked.cursor, limit=asked.limit)
    else:
        after = read_place(asked.cursor) if asked.cursor else FIRST
        if after is None:
            raise no_cursor()
        found = patients_then(
            read.reader,
            as_of=asked.as_of_instant,
            known_at=asked.known_at_position,
            after=after,
            limit=asked.limit,
        )
    rows = in_care(incoming, read, found.listed, lambda each: each.patient_id)
    document = page([patients_json(each) for each in rows], after=found.older)
    return shown(incoming, document, right=read.right, patients=[each.patient_id for each in rows])


def patients_search(incoming: Incoming) -> Response:
    """Answer with the patients that a search finds by name, birth date or number."""
    wait(incoming, incoming.asked(AskedSearch).wait_for)
    words = shaped(PatientWords, incoming.json(), code="body_invalid", where="body").words
    read = list_read(incoming, by_identity=True)
    try:
        found = read.reader.patients(PatientSearch(words=words))
    except NumberShared as shared:
        raise several(incoming, shared) from None
    rows = in_care(incoming, read, found.listed, lambda each: each.patient_id)
    document = page([patients_json(each) for each in rows], after="")
    return shown(incoming, document, right=read.right, patients=[each.patient_id for each in rows])


def census(incoming: Incoming) -> Response:
    """Answer with a page of the occupied places."""
    asked = incoming.asked(AskedCensus)
    wait(incoming, asked.wait_for)
    read = list_read(incoming)
    found = read.reader.census.read(
        now=incoming.services.now(),
        facility=asked.facility or None,
        as_of=asked.as_of_instant,
        known_at=asked.known_at_position,
        named=False,
    )
    allowed = in_care(incoming, read, found.occupied, lambda each: each.patient_id)
    offset = offset_of(asked.cursor)
    rows, after = sliced(allowed[offset:], asked, offset)
    document = page(census_json(replace(found, occupied=tuple(rows))), after=after)
    return shown(incoming, document, right=read.right, patients=[each.patient_id for each in rows])


def care_team(incoming: Incoming) -> Response:
    """Answer with the care team of a patient, with everything that ended before."""
    return _of_team(incoming, incoming.asked(AskedInstants), team_json)


def attributions(incoming: Incoming) -> Response:
    """Answer with the attributions of a patient, and which of them are in force."""
    return _of_team(incoming, incoming.asked(AskedInstants), attributions_json)


def responsible(incoming: Incoming) -> Response:
    """Answer with who is responsible for a patient."""
    asked = incoming.asked(AskedResponsible)
    if (asked.scope == "programme") != bool(asked.programme):
        message = "name a programme if, and only if, the scope is programme"
        raise wrong_parameter("programme", message)
    return _of_team(
        incoming, asked, lambda team: responsible_json(team, asked.scope, asked.programme)
    )


def _of_team(
    incoming: Incoming, asked: AskedInstants, written: Callable[[TeamReading], Json]
) -> Response:
    wait(incoming, asked.wait_for)
    read = person_read(incoming, incoming.path["patient"])
    found = read_team(
        read.reader,
        read.patient,
        now=incoming.services.now(),
        as_of=asked.as_of_instant,
        known_at=asked.known_at_position,
    )
    if found is None:
        raise Problem("unknown_patient")
    return shown(incoming, written(found), right=read.right, patients=[read.patient])
