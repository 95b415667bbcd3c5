"""The reads of the API: one function each, and the list of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response
from typing_extensions import override

from caretrail.api.collections import COLLECTIONS, Collection
from caretrail.api.giving import several
from caretrail.api.incoming import Incoming, shaped
from caretrail.api.problems import Problem
from caretrail.api.protocols import AskedProtocols, protocol, protocols
from caretrail.api.reading import (
    NO_CURSOR,
    AskedInstants,
    AskedPage,
    PersonRead,
    WaitFor,
    in_care,
    list_read,
    offset_of,
    page,
    person_read,
    shown,
    sliced,
    wait,
)
from caretrail.api.work_list import AskedWork, work_list
from caretrail.reading import NumberShared, PatientSearch
from caretrail.reading.care_plans import plan_json
from caretrail.reading.catalogue import OWN_STREAMS
from caretrail.reading.contract import activity_json, census_json, patients_json, timeline_json
from caretrail.reading.listing import read_cursor
from caretrail.reading.members import Json
from caretrail.reading.one_stream import read_stream
from caretrail.reading.opened_contents import opened_comparison, opened_contents
from caretrail.reading.past_rows import PastRows
from caretrail.reading.plan_comparisons import NoSuchRevision, compared_revisions
from caretrail.reading.referrals import referral_json
from caretrail.reading.responsibility import (
    TeamReading,
    attributions_json,
    read_team,
    responsible_json,
    team_json,
)
from commands.authority import right_to_list
from commands.ports.streams import StreamOfOtherKind
from domain.care_plan import KIND as CARE_PLAN
from domain.care_team.events import Scope
from domain.catalogue import KINDS
from domain.errors import PurposeMissing, UnknownStream
from domain.events import UUID_TEXT, OptionalCode
from domain.ids import PatientId, StreamId
from domain.protocol import KIND
from projections.care_plan import care_plans
from projections.referral_loop import referrals

Work: TypeAlias = Callable[[Incoming], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRoute:
    """A read and its address."""

    path: str  # below /api/v1
    tag: str
    words: str  # what it answers, in one line
    asked: type[BaseModel]  # its parameters
    work: Work
    is_list: bool = False
    rows: str = "items"  # the member of a list that holds its rows
    method: Literal["GET", "POST"] = "GET"
    body: type[BaseModel] | None = None


class AskedCensus(AskedPage):
    """A page of the census."""

    facility: Annotated[
        str, Field(max_length=200, description="only places of this facility; empty: all")
    ] = ""


class AskedPatients(BaseModel):
    """A page of the list of patients."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: Annotated[int, Field(ge=1, le=500, description="most rows of the page")] = 50
    cursor: Annotated[
        str, Field(max_length=512, description="`next` of the page before; empty: the first page")
    ] = ""
    wait_for: WaitFor = None


class AskedStreams(AskedPage):
    """A page of own streams of one kind."""

    patient: Annotated[
        str | None, Field(pattern=UUID_TEXT, description="only those of this patient: a patient id")
    ] = None
    state: Annotated[
        str | None,
        Field(pattern=r"^[a-z_]{1,40}$", description="only those in this state"),
    ] = None

    def fits(self, members: Json) -> bool:
        """Say whether a stream with these members is asked for."""
        return self.state in {None, members.get("state")}


class AskedReferrals(AskedStreams):
    """A page of referrals."""

    open: Annotated[bool, Field(description="only referrals that have not ended")] = False
    requester: Annotated[
        OptionalCode, Field(description="only referrals of this organisation; empty: all")
    ] = ""
    target: Annotated[
        OptionalCode, Field(description="only referrals to this organisation or pool; empty: all")
    ] = ""

    @override
    def fits(self, members: Json) -> bool:
        target = members["target"]
        return (
            super().fits(members)
            and (members["open"] or not self.open)
            and self.requester in {"", members["requester"]["organisation"]}
            and self.target in {"", target["organisation"], target["pool"]}
        )


#: What a list of the streams of a kind can be asked, if it can be asked more.
ASKED: Final[Mapping[str, type[AskedStreams]]] = {"referral": AskedReferrals}


class AskedResponsible(AskedInstants):
    """Who is responsible for a scope of a patient's care."""

    scope: Annotated[Scope, Field(description="all, transition or programme")] = "all"
    programme: Annotated[
        OptionalCode, Field(description="code of the programme, if the scope is one")
    ] = ""


class AskedComparison(AskedInstants):
    """Two revisions of a care plan."""

    earlier: Annotated[
        int | None,
        Field(ge=0, le=100_000, description="number of a revision; the one before if not given"),
    ] = None
    later: Annotated[
        int | None,
        Field(ge=0, le=100_000, description="number of a revision; the last one if not given"),
    ] = None


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


class AskedPatient(BaseModel):
    """One patient, as the list of patients shows it now."""

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
    wait(incoming, incoming.asked(AskedPatient).wait_for)
    read = person_read(incoming, incoming.path["patient"])
    found = read.reader.summary(read.patient)
    if found is None:
        raise Problem("unknown_patient")
    return shown(incoming, patients_json(found), right=read.right, patients=[read.patient])


def patients(incoming: Incoming) -> Response:
    """Answer with a page of the list of patients."""
    asked = incoming.asked(AskedPatients)
    wait(incoming, asked.wait_for)
    read = list_read(incoming)
    if asked.cursor and read_cursor(asked.cursor) is None:
        raise Problem("query_invalid", detail=NO_CURSOR)
    found = read.reader.patients(cursor=asked.cursor, limit=asked.limit)
    rows = in_care(incoming, read, found.listed, lambda each: each.patient_id)
    document = page([patients_json(each) for each in rows], after=found.older)
    return shown(incoming, document, right=read.right, patients=[each.patient_id for each in rows])


def patients_search(incoming: Incoming) -> Response:
    """Answer with the patients that a search finds by name, birth date or number."""
    wait(incoming, incoming.asked(AskedPatient).wait_for)
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
    found = read.reader.census(
        now=incoming.services.now(),
        facility=asked.facility or None,
        as_of=asked.as_of_instant,
        known_at=asked.known_at_position,
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
        raise Problem(
            "query_invalid", detail="Name a programme if, and only if, the scope is programme."
        )
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


def streams(incoming: Incoming, collection: Collection) -> Response:
    """Answer with a page of the own streams of one kind."""
    asked = incoming.asked(asked_of(collection))
    wait(incoming, asked.wait_for)
    offset = offset_of(asked.cursor)
    if asked.patient is not None:
        read = person_read(incoming, asked.patient)
        reading = read.reader.patient(
            read.patient, as_of=asked.as_of_instant, known_at=asked.known_at_position
        )
        if reading is None:
            raise Problem("unknown_patient")
        whole = [
            each for each in reading.activities.streams.get(collection.kind, ()) if asked.fits(each)
        ]
        rows, after = sliced(whole[offset:], asked, offset)
        return shown(incoming, page(rows, after=after), right=read.right, patients=[read.patient])
    listed = list_read(incoming)
    lists = LISTS.get(collection.kind)
    if lists is None:
        raise Problem(
            "query_invalid", detail=f"Name the patient whose {collection.noun}s are asked for."
        )
    with listed.reader.past(as_of=asked.as_of_instant, known_at=asked.known_at_position) as then:
        found = lists(then, asked, offset + asked.limit + 1)
    some, after = sliced(found[offset:], asked, offset)
    allowed = in_care(incoming, listed, some, patient_of)
    return shown(
        incoming,
        page(allowed, after=after),
        right=listed.right,
        patients=[each["patient_id"] for each in allowed],
    )


def asked_of(collection: Collection) -> type[AskedStreams]:
    """Return what a list of the streams of a kind can be asked."""
    return ASKED.get(collection.kind, AskedStreams)


def stream(incoming: Incoming, collection: Collection) -> Response:
    """Answer with one own stream and its entries."""
    asked = incoming.asked(AskedInstants)
    wait(incoming, asked.wait_for)
    wanted = StreamId(incoming.path["stream"])
    read = _stream_read(incoming, collection.kind, wanted)
    now = asked.as_of is None and asked.known_at is None
    found = _stream(read, asked, collection, wanted)
    if found is None:
        raise UnknownStream(wanted)
    headers = {"ETag": f'"{found["version"]}"'} if now and "version" in found else None
    return shown(incoming, found, right=read.right, patients=[read.patient], headers=headers)


def comparison(incoming: Incoming) -> Response:
    """Answer with what differs between two revisions of a care plan."""
    asked = incoming.asked(AskedComparison)
    wait(incoming, asked.wait_for)
    wanted = StreamId(incoming.path["stream"])
    read = _stream_read(incoming, CARE_PLAN.name, wanted)
    with read.reader.past(
        as_of=asked.as_of_instant, known_at=asked.known_at_position, stream=wanted
    ) as past:
        try:
            both = compared_revisions(
                past.connection, wanted, asked.earlier, asked.later, clocks=past.clocks
            )
        except NoSuchRevision as error:
            known = ", ".join(map(str, error.known)) or "none"
            raise Problem(
                "query_invalid", detail=f"No revision {error.number}; the plan has: {known}."
            ) from None
        found = opened_comparison(read.reader, both, wanted, past.clocks)
    return shown(incoming, found, right=read.right, patients=[read.patient])


def _stream_read(incoming: Incoming, kind: str, wanted: StreamId) -> PersonRead:
    """Return the read of the patient of a stream, if the person may read the patient.

    Raises:
        UnknownStream: There is no such stream of the kind.
        DomainError: The person may not read the patient.
    """
    if not incoming.purpose:
        raise PurposeMissing
    # A role that may read no patient learns nothing about which streams exist.
    right_to_list(incoming.user.authority, reason="")
    try:
        history = incoming.services.decisions.streams.read(wanted)
    except StreamOfOtherKind:
        history = ()
    record = next((each.event.record for each in history if each.event.record), None)
    if record is None or not isinstance(history[0].event, KINDS[kind].events):
        raise UnknownStream(wanted)
    return person_read(incoming, record)


def _stream(
    read: PersonRead, asked: AskedInstants, collection: Collection, wanted: StreamId
) -> Json | None:
    """Return an own stream with its entries, and with what the person may see of its contents."""
    with read.reader.past(
        as_of=asked.as_of_instant, known_at=asked.known_at_position, stream=wanted
    ) as past:
        found = read_stream(past.connection, wanted, past)
        if found is None:
            return None
        opened = opened_contents(read.reader, collection.kind, wanted, past.clocks)
    entries = [activity_json(each) for each in found.entries]
    return {**found.members, **opened, "entries": entries}


def patient_of(row: Json) -> PatientId:
    """Return the patient that a row of a list is about."""
    return PatientId(row["patient_id"])


def _referrals(then: PastRows, asked: AskedStreams, limit: int) -> list[Json]:
    more = asked if isinstance(asked, AskedReferrals) else AskedReferrals()
    rows = referrals(
        then.connection,
        relations=then,
        state=asked.state,
        only_open=more.open,
        requester=more.requester or None,
        target=more.target or None,
        limit=limit,
    )
    return [referral_json(each) for each in rows]


def _plans(then: PastRows, asked: AskedStreams, limit: int) -> list[Json]:
    rows = care_plans(then.connection, relations=then, state=asked.state, limit=limit)
    return [plan_json(each) for each in rows]


#: Lists of the streams of all patients, by kind: the rows from the first one on. Other kinds are
#: listed by patient.
LISTS: Final[Mapping[str, Callable[[PastRows, AskedStreams, int], list[Json]]]] = {
    "care_plan": _plans,
    "referral": _referrals,
}


def read_routes() -> tuple[ReadRoute, ...]:
    """Return all reads."""
    return (*_READS, *(route for each in COLLECTIONS.values() for route in _of_collection(each)))


def _of_collection(collection: Collection) -> tuple[ReadRoute, ...]:
    """Return the reads of one kind of own stream."""
    if collection.kind not in OWN_STREAMS or collection.kind == KIND.name:
        return ()  # protocols are about no patient
    noun = collection.noun
    return (
        ReadRoute(
            path=f"/{collection.path}",
            tag=collection.path,
            words=f"List {noun}s",
            asked=asked_of(collection),
            work=partial(streams, collection=collection),
            is_list=True,
        ),
        ReadRoute(
            path=f"/{collection.path}/{{stream}}",
            tag=collection.path,
            words=f"Show one {noun} and its entries",
            asked=AskedInstants,
            work=partial(stream, collection=collection),
        ),
    )


_READS: Final = (
    ReadRoute(
        path="/patients",
        tag="patients",
        words="List patients, those with the latest events first",
        asked=AskedPatients,
        work=patients,
        is_list=True,
    ),
    ReadRoute(
        path="/patients/search",
        tag="patients",
        words="Find patients by name, birth date or number",
        asked=AskedPatient,
        work=patients_search,
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
    ),
    ReadRoute(
        path="/patients/{patient}/timeline",
        tag="patients",
        words="Show the encounters and entries of one patient",
        asked=AskedInstants,
        work=timeline,
    ),
    ReadRoute(
        path="/patients/{patient}/responsible",
        tag="patients",
        words="Show who is responsible for a patient, and who is told",
        asked=AskedResponsible,
        work=responsible,
    ),
    ReadRoute(
        path="/patients/{patient}/care-team",
        tag="patients",
        words="Show the members, coordinators and handovers of a patient's care team",
        asked=AskedInstants,
        work=care_team,
    ),
    ReadRoute(
        path="/patients/{patient}/attributions",
        tag="patients",
        words="Show what a patient is attributed to",
        asked=AskedInstants,
        work=attributions,
    ),
    ReadRoute(
        path="/care-plans/{stream}/compare",
        tag="care-plans",
        words="Compare two revisions of a care plan, part by part",
        asked=AskedComparison,
        work=comparison,
    ),
    ReadRoute(
        path="/census",
        tag="census",
        words="List the occupied places",
        asked=AskedCensus,
        work=census,
        is_list=True,
    ),
    ReadRoute(
        path="/protocols",
        tag="protocols",
        words="List the protocols that were published, in that order",
        asked=AskedProtocols,
        work=protocols,
        is_list=True,
    ),
    ReadRoute(
        path="/protocols/{event}",
        tag="protocols",
        words="Show one published protocol with its TOML file",
        asked=AskedProtocols,
        work=protocol,
    ),
    ReadRoute(
        path="/work-list",
        tag="work-items",
        words="List what is owed to each person, the most pressing first",
        asked=AskedWork,
        work=work_list,
        is_list=True,
        rows="people",
    ),
)
