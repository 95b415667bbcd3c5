"""One request of the API: its actor, its purpose, and the parts that handlers ask for."""

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from caretrail.actors.accesses import AccessRecorder
from caretrail.actors.authentication import Authentication
from caretrail.actors.care import CareLookup
from caretrail.actors.user import User
from caretrail.api.problems import FieldError, FieldErrors, Problem
from caretrail.reading.reader import Reader
from commands.decisions import Decisions
from domain.ids import IdKey

_M = TypeVar("_M", bound=BaseModel)

#: A code in a header: it cannot hold a name or free text.
CODE: Final = r"^[A-Za-z0-9][A-Za-z0-9._:/+-]{0,63}$"
_CODE: Final = re.compile(CODE)
#: An idempotency key: visible ASCII.
KEY: Final = r"^[!-~]{1,255}$"
#: The name of a member or parameter of ours, or a number in a list.
_MEMBER: Final = re.compile(r"[a-z0-9_]{1,40}")
_KEY: Final = re.compile(KEY)
#: The version of a stream as an entity tag.
TAG: Final = r'^"[0-9]{1,18}"$'
_TAG: Final = re.compile(r'"([0-9]{1,18})"', re.ASCII)

#: Members that say why.
REASONS: Final = frozenset({"reason", "reason_code"})

PURPOSE: Final = "Purpose-Of-Use"
REASON: Final = "Access-Reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiServices:
    """What the API works with."""

    reader: Reader
    core_reader: Reader  # opens no sealed content
    decisions: Decisions
    id_key: IdKey
    authentication: Authentication
    accesses: AccessRecorder
    care: CareLookup
    newest: Callable[[], int]  # index of the newest event that was recorded
    complete_through: Callable[[], int]  # index up to which the read models hold every event
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    wait_seconds: float  # a request waits for the read models at most so long
    threads: int  # reads that are worked on at a time
    #: Until exit, the calling thread keeps the connections with which it reads.
    held: Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One request, with its person."""

    services: ApiServices
    route: str  # as documented, such as "GET /api/v1/patients/{patient}/timeline"
    user: User
    headers: Mapping[str, str]  # by name in lower case
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes

    @property
    def purpose(self) -> str:
        """The purpose of use that the caller states; empty: not stated.

        Raises:
            Problem: It is not a code.
        """
        return self._code(PURPOSE)

    @property
    def reason(self) -> str:
        """Why the caller reads a patient who is not in the caller's care; empty: not stated.

        Raises:
            Problem: It is not a code.
        """
        return self._code(REASON)

    @property
    def key(self) -> str:
        """The idempotency key; empty: none.

        Raises:
            Problem: It has not the form of a key.
        """
        given = self.headers.get("idempotency-key", "")
        if given and not _KEY.fullmatch(given):
            raise _header("Idempotency-Key", "write 1 to 255 visible ASCII characters")
        return given

    @property
    def expected_version(self) -> int | None:
        """The version of the stream that the caller has seen; None: any.

        Raises:
            Problem: ``If-Match`` is not the entity tag of a version.
        """
        given = self.headers.get("if-match", "*").strip()
        if given == "*":
            return None
        found = _TAG.fullmatch(given)
        if found is None:
            raise _header("If-Match", 'write the ETag of the stream, such as "3"')
        return int(found[1])

    def json(self) -> dict[str, Any]:
        """Return the JSON object of the body.

        Raises:
            Problem: The body is not a JSON object, or is not declared as JSON.
        """
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise Problem("not_json_type")
        try:
            given = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise Problem("not_json") from None
        if not isinstance(given, dict):
            raise Problem("not_json", detail="The body is not a JSON object.")
        return given

    def asked(self, shape: type[_M]) -> _M:
        """Return the parameters of the query.

        Raises:
            Problem: A parameter is not known, or has not the right form.
        """
        return shaped(shape, dict(self.query), code="query_invalid", where="query")

    def _code(self, header: str) -> str:
        given = self.headers.get(header.lower(), "")
        if given and not _CODE.fullmatch(given):
            example = "TREAT" if header == PURPOSE else "direct_care"
            raise _header(header, f"write a code such as {example}, not a text")
        return given


def shaped(shape: type[_M], members: Mapping[str, Any], *, code: str, where: str) -> _M:
    """Return a model of members that a caller gave.

    Raises:
        Problem: The members have not its shape. The problem names them without their values.
    """
    try:
        return shape.model_validate(members)
    except ValidationError as error:
        raise invalid(error, code=code, where=where) from None


def invalid(error: ValidationError, *, code: str, where: str) -> Problem:
    """Return the problem of members that have not the shape of a model."""
    found = FieldErrors(
        [
            FieldError(".".join((where, *map(_place, each["loc"]))), _message(each))
            for each in error.errors(include_input=False, include_url=False, include_context=False)
        ]
    )
    return Problem(code, facts=found.facts())


def _message(error: ErrorDetails) -> str:
    """Return what to write instead, without the value."""
    match error["type"]:
        case "extra_forbidden":
            return "leave it out: the request has nothing of this name"
        case "missing":
            return "state it"
        case _:
            return error["msg"].removeprefix("Value error, ")


def wrong_parameter(name: str, message: str) -> Problem:
    """Return the problem of a parameter of the query; ``message`` says what to write."""
    return Problem(
        "query_invalid", facts=FieldErrors([FieldError(f"query.{name}", message)]).facts()
    )


def code_of_body(error: ValidationError) -> str:
    """Return the code of the problem of a command that has not the right shape.

    If only reasons are missing, or only codes are not among those that exist, it is a code of its
    own, so that a program can tell.
    """
    found = error.errors(include_input=False, include_url=False, include_context=False)
    if all(each["type"] == "missing" and each["loc"][-1] in REASONS for each in found):
        return "reason_missing"
    if all(each["type"] == "literal_error" for each in found):
        return "unknown_code"
    return "body_invalid"


def _place(part: str | int) -> str:
    """Return a part of a path to a member, without a name that may be the name of a person."""
    text = str(part)
    return text if _MEMBER.fullmatch(text) else "(unknown)"


def _header(name: str, message: str) -> Problem:
    return Problem(
        "query_invalid", facts=FieldErrors([FieldError(f"header.{name}", message)]).facts()
    )
