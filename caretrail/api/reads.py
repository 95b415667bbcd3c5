"""The list of the reads of the API."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from pydantic import BaseModel
from starlette.responses import Response

from caretrail.api.answers import SHAPES
from caretrail.api.collections import COLLECTIONS, Collection
from caretrail.api.incoming import Incoming
from caretrail.api.lists import asked_of, listed
from caretrail.api.patient_reads import (
    AskedCensus,
    AskedResponsible,
    AskedSearch,
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
from caretrail.api.reading import AskedInstants, AskedPage
from caretrail.api.stream_reads import AskedComparison, comparison, stream
from caretrail.api.work_list import AskedWork, work_list
from caretrail.listings import LISTINGS
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
    of_patients: bool = True  # protocols are about no patient


def read_routes() -> tuple[ReadRoute, ...]:
    """Return all reads."""
    return (*_READS, *map(_list, _LISTS), *(chain.from_iterable(map(_one, COLLECTIONS.values()))))


def _one(collection: Collection) -> tuple[ReadRoute, ...]:
    """Return the read of one own stream of a kind."""
    if collection.kind not in OWN_STREAMS or collection.kind == KIND.name:
        return ()  # protocols are about no patient
    return (
        ReadRoute(
            path=f"/{collection.path}/{{stream}}",
            tag=collection.path,
            words=f"Show one {collection.noun} and its entries",
            asked=AskedInstants,
            work=partial(stream, collection=collection),
            shape=SHAPES[collection.kind].one,
        ),
    )


class ListRoute(NamedTuple):
    """A list and its address."""

    name: str
    path: str
    shape: Any  # of a row


def _list(route: ListRoute) -> ReadRoute:
    listing = LISTINGS[route.name]
    return ReadRoute(
        path=f"/{route.path}",
        tag=route.path,
        words=listing.words.capitalize(),
        asked=asked_of(listing),
        work=partial(listed, listing=listing),
        shape=route.shape,
        is_list=True,
    )


_LISTS: Final = (
    ListRoute("duty", "duties", DutyShape),
    ListRoute("transition", "transitions", ListedTransitionShape),
    *(
        ListRoute(each.kind, each.path, SHAPES[each.kind].row)
        for each in COLLECTIONS.values()
        if each.kind in LISTINGS and each.kind != TRANSITION.name  # that list is derived
    ),
)

_READS: Final = (
    ReadRoute(
        path="/patients",
        tag="patients",
        words="List patients, those with the latest events first; at other instants, by id",
        asked=AskedPage,
        work=patients,
        shape=PatientAnswer,
        is_list=True,
    ),
    ReadRoute(
        path="/patients/search",
        tag="patients",
        words="Find patients by name, birth date or number",
        asked=AskedSearch,
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
        asked=AskedInstants,
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
        of_patients=False,
    ),
    ReadRoute(
        path="/protocols/{event}",
        tag="protocols",
        words="Show one published protocol with its TOML file",
        asked=AskedProtocols,
        work=protocol,
        shape=ProtocolAnswer,
        of_patients=False,
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
