"""Read through the API: who may, what the answer holds, and the access record before it leaves."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias, TypeVar

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.responses import Response

from caretrail.actors.accesses import ReadRequest
from caretrail.api.giving import several
from caretrail.api.incoming import Incoming, wrong_parameter
from caretrail.api.problems import Problem
from caretrail.reading.listing import NumberShared
from caretrail.reading.members import Json
from caretrail.reading.reader import Reader
from caretrail.stated_times import NotStated, asked_position, asked_time
from commands.authority import ReadRight, right_to_list, right_to_read
from commands.permissions import Permission
from domain.errors import PurposeMissing, RoleNotAllowed
from domain.ids import PatientId, RecordId

_T = TypeVar("_T")

#: Rows of a page, at most.
LARGEST_PAGE: Final = 500
_PAGE: Final = 50


#: The index of an event.
WaitFor: TypeAlias = Annotated[
    int | None,
    Field(
        ge=0, lt=1 << 63, description="wait until the read models hold the event with this index"
    ),
]


def _a_time(text: str) -> str:
    return _read_by(asked_time, text)


def _read_by(reading: Callable[[str], object], text: str) -> str:
    """Return a text that can be read as a time or as an index.

    Raises:
        NotStated: It cannot. The error says what to write.
    """
    try:
        reading(text)
    except NotStated as error:
        # A plus sign of an address that is not escaped comes as a space.
        hint = "; in an address, + is %2B" if " " in text else ""
        raise NotStated(error.expected + hint) from None
    return text


#: A time as a caller writes it; None: not given.
AskedTime: TypeAlias = Annotated[str | None, AfterValidator(lambda text: text and _a_time(text))]


def _a_position(text: str) -> str:
    return _read_by(asked_position, text)


class AskedInstants(BaseModel):
    """The instants that a read is about, and the event that it waits for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    as_of: Annotated[
        AskedTime,
        Field(
            description="what was true at this time (RFC 3339; UTC without an offset)",
            examples=["2026-03-02T14:05:00Z"],
        ),
    ] = None
    known_at: Annotated[
        str | None,
        AfterValidator(lambda text: text and _a_position(text)),
        Field(
            description="only events recorded by this time, or up to the event with this index",
            examples=["2026-03-02T14:05:00Z"],
        ),
    ] = None
    wait_for: WaitFor = None

    @property
    def are_now(self) -> bool:
        """Whether the read is about now, with everything that is known."""
        return self.as_of is None and self.known_at is None

    @property
    def as_of_instant(self) -> datetime | None:
        """The time; None: now."""
        return asked_time(self.as_of) if self.as_of else None

    @property
    def known_at_position(self) -> datetime | int | None:
        """The time or the index of an event; None: all events."""
        return asked_position(self.known_at) if self.known_at else None


class AskedPage(AskedInstants):
    """A page of a list."""

    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE, description="most rows of the page")] = _PAGE
    cursor: Annotated[
        str, Field(max_length=512, description="`next` of the page before; empty: the first page")
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRead:
    """A read of one patient that is allowed."""

    patient: PatientId
    right: ReadRight
    reader: Reader  # opens sealed content only if the role may see it


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRead:
    """A read of a list of patients that is allowed."""

    right: ReadRight
    reader: Reader
    in_care_only: bool


#: Between two looks at read models that do not hold an event yet.
LOOK_SECONDS: Final = 0.02


class MustWait(Exception):
    """The read models do not hold the event yet that the caller waits for."""

    def __init__(self, index: int) -> None:
        self.index = index
        super().__init__(index)


def wait(incoming: Incoming, index: int | None) -> None:
    """Return if the read models hold the event that the caller waits for.

    Raises:
        MustWait: They do not hold it yet.
        Problem: No such event was recorded yet, so nothing is waited for.
    """
    services = incoming.services
    if not index or services.complete_through() >= index:
        return
    if services.newest() < index:
        raise Problem("not_yet_in_read_models", facts={"index": index})
    raise MustWait(index)


def person_read(incoming: Incoming, patient: str, *, new: RecordId | None = None) -> PersonRead:
    """Return the read of a patient, if the person may read the patient.

    Args:
        incoming: The request.
        patient: The patient, as ``Reader.resolve`` takes it.
        new: The source record of a person that perhaps no message has named; None: such a person
            is not known.

    Raises:
        Problem: There is no such patient, or several patients have the number with this id.
        DomainError: The person may not read the patient.
    """
    if not incoming.purpose:
        raise PurposeMissing
    services, authority = incoming.services, incoming.user.authority
    # A role that may read no patient learns nothing about which patients exist.
    right_to_list(authority, reason="")
    try:
        found = services.reader.resolve(patient) or (PatientId(new) if new else None)
    except NumberShared as shared:
        raise several(incoming, shared) from None
    if found is None:
        raise Problem("unknown_patient")
    care = services.care(incoming.user, [found]).get(found)
    right = right_to_read(authority, care, reason=incoming.reason)
    return PersonRead(patient=found, right=right, reader=_reader(incoming, right))


def list_read(incoming: Incoming, *, by_identity: bool = False) -> ListRead:
    """Return the read of a list, if the person may read it.

    Args:
        incoming: The request.
        by_identity: Whether the list is found by names or numbers, which are sealed.

    Raises:
        DomainError: The person may not read the list.
    """
    if not incoming.purpose:
        raise PurposeMissing
    authority = incoming.user.authority
    right = right_to_list(authority, reason=incoming.reason)
    if by_identity and right.relation == "core":
        raise RoleNotAllowed(Permission.READ_PERSON, authority.roles)
    return ListRead(right=right, reader=_reader(incoming, right), in_care_only=not right.relation)


def in_care(
    incoming: Incoming,
    read: ListRead,
    rows: Sequence[_T],
    patient_of: Callable[[_T], PatientId | None],
) -> list[_T]:
    """Return the rows that the person may read: all, or those of patients in the person's care."""
    if not read.in_care_only:
        return list(rows)
    patients = {patient for each in rows if (patient := patient_of(each)) is not None}
    cared_for = incoming.services.care(incoming.user, sorted(patients))
    return [each for each in rows if patient_of(each) is None or patient_of(each) in cared_for]


def shown(
    incoming: Incoming,
    document: Json,
    *,
    right: ReadRight,
    patients: Sequence[str],
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Record the access, and return the answer.

    Raises:
        AccessNotRecorded: The answer must not leave.
    """
    body = orjson.dumps(document)
    incoming.services.accesses.record(
        ReadRequest(
            person=incoming.user,
            right=right,
            purpose=incoming.purpose,
            interface="api",
            route=incoming.route,
        ),
        patients,
    )
    return Response(body, media_type="application/json", headers=headers)


def page(items: Sequence[Json], *, after: str) -> Json:
    """Return a page of a list, with the cursor of the next page; null: this is the last one."""
    return {"items": items, "next": after or None}


def cursor_of(offset: int) -> str:
    """Return the cursor of the page that begins at an offset."""
    return urlsafe_b64encode(orjson.dumps({"o": offset})).decode().rstrip("=")


def offset_of(cursor: str) -> int:
    """Return the offset at which the page of a cursor begins; 0 for the first page.

    Raises:
        Problem: The text is not a cursor.
    """
    if not cursor:
        return 0
    try:
        given = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return _Offset.model_validate(given).o
    except (ValueError, TypeError):
        raise no_cursor() from None


def no_cursor() -> Problem:
    """Return the problem of a text that is not a cursor of the list."""
    return wrong_parameter(
        "cursor", "write `next` of a page of the same list, or nothing for the first page"
    )


class _Offset(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    o: Annotated[int, Field(ge=0, le=10_000_000)]


def _reader(incoming: Incoming, right: ReadRight) -> Reader:
    services = incoming.services
    return services.core_reader if right.relation == "core" else services.reader


def sliced(rows: Sequence[Any], asked: AskedPage, offset: int) -> tuple[Sequence[Any], str]:
    """Return the rows of a page, and the cursor of the next page; empty: this is the last one.

    Args:
        rows: The rows from ``offset`` on, at least one more than the page holds if there are more.
        asked: The page.
        offset: Where the page begins.
    """
    more = len(rows) > asked.limit
    return rows[: asked.limit], cursor_of(offset + asked.limit) if more else ""
