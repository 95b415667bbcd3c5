"""The list of the reads of the API."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal, TypeAlias

from pydantic import BaseModel
from starlette.responses import Response

from caretrail.api.answers import SHAPES
from caretrail.api.collections import COLLECTIONS, Collection
from caretrail.api.derived_lists import AskedDuties, AskedTransitions, duties, transitions
from caretrail.api.incoming import Incoming
from caretrail.api.patient_reads import (
    AskedCensus,
    AskedPatient,
    AskedPatients,
    AskedResponsible,
    PatientWords,
    attributions,
    care_team,
    census,
    patient,
    patients,
    patients_search,
    responsible,
    timeline,
)
from caretrail.api.protocols import AskedProtocols, protocol, protocols
from caretrail.api.reading import AskedInstants
from caretrail.api.stream_lists import asked_of
from caretrail.api.stream_reads import AskedComparison, comparison, stream, streams
from caretrail.api.work_list import AskedWork, work_list
from caretrail.reading.catalogue import OWN_STREAMS
from caretrail.reading.shapes.care_plans import ComparisonAnswer
from caretrail.reading.shapes.patients import (
    OccupiedPlaceShape,
    PatientAnswer,
    ProtocolAnswer,
    PublicationShape,
    TimelineAnswer,
)
from caretrail.reading.shapes.teams import AttributionsAnswer, CareTeamAnswer, ResponsibleAnswer
from caretrail.reading.shapes.transitions import DutyShape, ListedTransitionShape, WorkListAnswer
from domain.protocol import KIND
from domain.transition.stream import KIND as TRANSITION

Work: TypeAlias = Callable[[Incoming], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRoute:
    """A read and its address."""

    path: str  # below /api/v1
    tag: str
    words: str  # what it answers, in one line
    asked: type[BaseModel]  # its parameters
    work: Work
    shape: Any  # a TypedDict: the answer, or a row of a list
    is_list: bool = False
    method: Literal["GET", "POST"] = "GET"
    body: type[BaseModel] | None = None


def read_routes() -> tuple[ReadRoute, ...]:
    """Return all reads."""
    return (*_READS, *(route for each in COLLECTIONS.values() for route in _of_collection(each)))


def _of_collection(collection: Collection) -> tuple[ReadRoute, ...]:
    """Return the reads of one kind of own stream."""
    if collection.kind not in OWN_STREAMS or collection.kind == KIND.name:
        return ()  # protocols are about no patient
    noun, shapes = collection.noun, SHAPES[collection.kind]
    one = ReadRoute(
        path=f"/{collection.path}/{{stream}}",
        tag=collection.path,
        words=f"Show one {noun} and its entries",
        asked=AskedInstants,
        work=partial(stream, collection=collection),
        shape=shapes.one,
    )
    if collection.kind == TRANSITION.name:
        return (one,)  # the list is of what is derived, below
    return (
        ReadRoute(
            path=f"/{collection.path}",
            tag=collection.path,
            words=f"List {noun}s",
            asked=asked_of(collection),
            work=partial(streams, collection=collection),
            shape=shapes.row,
            is_list=True,
        ),
        one,
    )


_READS: Final = (
    ReadRoute(
        path="/patients",
        tag="patients",
        words="List patients, those with the latest events first",
        asked=AskedPatients,
        work=patients,
        shape=PatientAnswer,
        is_list=True,
    ),
    ReadRoute(
        path="/patients/search",
        tag="patients",
        words="Find patients by name, birth date or number",
        asked=AskedPatient,
        work=patients_search,
        shape=PatientAnswer,
        is_list=True,
        method="POST",
        body=PatientWords,
    ),
    ReadRoute(
        path="/patients/{patient}",
        tag="patients",
        words="Show one patient",
        asked=AskedPatient,
        work=patient,
        shape=PatientAnswer,
    ),
    ReadRoute(
        path="/patients/{patient}/timeline",
        tag="patients",
        words="Show the encounters and entries of one patient",
        asked=AskedInstants,
        work=timeline,
        shape=TimelineAnswer,
    ),
    ReadRoute(
        path="/patients/{patient}/responsible",
        tag="patients",
        words="Show who is responsible for a patient, and who is told",
        asked=AskedResponsible,
        work=responsible,
        shape=ResponsibleAnswer,
    ),
    ReadRoute(
        path="/patients/{patient}/care-team",
        tag="patients",
        words="Show the members, coordinators and handovers of a patient's care team",
        asked=AskedInstants,
        work=care_team,
        shape=CareTeamAnswer,
    ),
    ReadRoute(
        path="/patients/{patient}/attributions",
        tag="patients",
        words="Show what a patient is attributed to",
        asked=AskedInstants,
        work=attributions,
        shape=AttributionsAnswer,
    ),
    ReadRoute(
        path="/care-plans/{stream}/compare",
        tag="care-plans",
        words="Compare two revisions of a care plan, part by part",
        asked=AskedComparison,
        work=comparison,
        shape=ComparisonAnswer,
    ),
    ReadRoute(
        path="/census",
        tag="census",
        words="List the occupied places",
        asked=AskedCensus,
        work=census,
        shape=OccupiedPlaceShape,
        is_list=True,
    ),
    ReadRoute(
        path="/protocols",
        tag="protocols",
        words="List the protocols that were published, in that order",
        asked=AskedProtocols,
        work=protocols,
        shape=PublicationShape,
        is_list=True,
    ),
    ReadRoute(
        path="/protocols/{event}",
        tag="protocols",
        words="Show one published protocol with its TOML file",
        asked=AskedProtocols,
        work=protocol,
        shape=ProtocolAnswer,
    ),
    ReadRoute(
        path="/transitions",
        tag="transitions",
        words="List transitions, the most pressing first",
        asked=AskedTransitions,
        work=transitions,
        shape=ListedTransitionShape,
        is_list=True,
    ),
    ReadRoute(
        path="/duties",
        tag="duties",
        words="List what is or was owed, what is not done first",
        asked=AskedDuties,
        work=duties,
        shape=DutyShape,
        is_list=True,
    ),
    ReadRoute(
        path="/work-list",
        tag="work-items",
        words="List what is owed to each person, the most pressing first",
        asked=AskedWork,
        work=work_list,
        shape=WorkListAnswer,
    ),
)
