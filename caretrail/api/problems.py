"""Answer a request that is not done with a problem: RFC 9457, with a stable code at its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson
from starlette.responses import Response

from caretrail.refusals import REMEDIES
from domain import errors
from domain.errors import DomainError, MoveNotAllowed

MEDIA_TYPE: Final = "application/problem+json"
#: What comes before the code in ``type``.
TYPE: Final = "urn:caretrail:problem:"

_CONFLICTS: Final = frozenset(
    {"version_conflict", "conflicts_with_later", "move_not_allowed", "claimed_by_another"}
)
_FORBIDDEN: Final = frozenset(
    {"role_not_allowed", "purpose_missing", "consent_required", "access_reason_missing"}
)
_MISSING: Final = frozenset({"unknown_stream", "unknown_event", "unknown_work_item"})
#: Refusals of a move that say what is wrong with the request, and not with the state.
_OF_THE_CONTENT: Final = frozenset({"already_closed", "not_open"})


class Problem(Exception):
    """A request that is not done: status, stable code, what happened, and what to do."""

    def __init__(
        self,
        code: str,
        *,
        detail: str = "",
        facts: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.kind = PROBLEMS[code]
        self.detail = detail or self.kind.title
        self.facts = facts or {}
        self.headers = headers or {}
        super().__init__(code)

    def response(self) -> Response:
        """Return the answer."""
        return answer(
            self.kind.status,
            self.kind.code,
            title=self.kind.title,
            detail=self.detail,
            remedy=self.kind.remedy,
            facts=self.facts,
            headers=self.headers,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemKind:
    """One kind of problem of the interface itself."""

    status: int
    code: str
    title: str
    remedy: str


def _kinds(*kinds: tuple[int, str, str, str]) -> Mapping[str, ProblemKind]:
    return {
        code: ProblemKind(status=status, code=code, title=title, remedy=remedy)
        for status, code, title, remedy in kinds
    }


#: The problems of the interface itself, by code. The refusals of the rules have codes of their own.
PROBLEMS: Final = _kinds(
    (400, "not_json", "The body is not JSON.", "Send a JSON object in UTF-8."),
    (
        401, "not_authenticated", "The request has no token that can be accepted.",
        "Send Authorization: Bearer TOKEN. `caretrail token issue` issues local tokens.",
    ),
    (404, "unknown_route", "There is nothing at this address.", "See /api/v1/openapi.json."),
    (
        404, "unknown_patient", "No such patient, or the patient was not yet known at that time.",
        "Search with POST /api/v1/patients/search.",
    ),
    (
        405, "method_not_allowed", "The address does not take this method.",
        "See /api/v1/openapi.json.",
    ),
    (
        409, "number_of_several_patients", "Several patients have this number.",
        "Name one of them by its patient id.",
    ),
    (413, "body_too_large", "The body is larger than 1 MiB.", "Send less."),
    (
        415, "not_json_type", "The body is not declared as JSON.",
        "Send Content-Type: application/json.",
    ),
    (
        422, "body_invalid", "The body does not have the shape of the command.",
        "Correct the members that `facts.errors` names.",
    ),
    (
        422, "reason_missing", "The command states no reason.",
        "State the reason that `facts.errors` names, as one of its codes.",
    ),
    (
        422, "unknown_code", "The command has a code that does not exist.",
        "Take one of the codes that `facts.errors` names.",
    ),
    (
        422, "query_invalid", "A parameter or header does not have the right form.",
        "Correct the parameters that `facts.errors` names.",
    ),
    (
        500, "internal_error", "A bug in caretrail.",
        "The log of the server has the details. Repeat a command with the same Idempotency-Key.",
    ),
    (
        503, "store_unavailable", "The database does not answer.",
        "Repeat the request in a minute; a command with the same Idempotency-Key.",
    ),
    (
        503, "database_right_missing", "The database does not let caretrail do this.",
        "The log of the server names the right to grant. Then repeat the request.",
    ),
    (
        503, "access_not_recorded", "The access record could not be written, so nothing is shown.",
        "Repeat the request in a minute.",
    ),
    (
        503, "issuer_unavailable", "The OIDC issuer does not answer, so the token is not checked.",
        "Repeat the request in a minute.",
    ),
    (
        503, "read_models_not_built", "The read models are being made for this release.",
        "Wait until /readyz says that the service is ready.",
    ),
    (
        504, "not_yet_in_read_models", "The read models do not hold that event yet.",
        "Repeat the request. If it lasts, look at the log of the projector.",
    ),
)  # fmt: skip


def status_of(refusal: type[DomainError]) -> int:
    """Return the HTTP status of a refusal of the rules."""
    code = refusal.code
    if code in _FORBIDDEN:
        return 403
    if code in _MISSING:
        return 404
    if code in _OF_THE_CONTENT:
        return 422
    return 409 if code in _CONFLICTS or issubclass(refusal, MoveNotAllowed) else 422


def refused(refusal: DomainError, *, facts: Mapping[str, Any] | None = None) -> Response:
    """Return the answer to a request that the rules refuse, with the facts of the refusal."""
    stated = {name: _json(value) for name, value in vars(refusal).items()}
    return answer(
        status_of(type(refusal)),
        refusal.code,
        title=title_of(type(refusal)),
        detail=sentence(str(refusal)),
        remedy=REMEDIES.get(type(refusal), ""),
        facts={**stated, **(facts or {})},
    )


def sentence(text: str) -> str:
    """Return the text of an error as a sentence.

    >>> sentence("no such stream")
    'No such stream.'
    """
    return f"{text[:1].upper()}{text[1:]}."


def title_of(refusal: type[DomainError]) -> str:
    """Return what a refusal is about, in one sentence."""
    return (refusal.__doc__ or "").strip().partition("\n")[0]


def refusals_of(kind: str) -> Sequence[type[DomainError]]:
    """Return the refusals that commands on a kind of stream may get, by code."""
    modules = {errors.__name__, f"domain.{kind}_errors"}
    found: dict[str, type[DomainError]] = {}
    waiting = [DomainError]
    while waiting:
        for each in waiting.pop().__subclasses__():
            waiting.append(each)
            if each.__module__ in modules:
                found[each.code] = each
    return [found[code] for code in sorted(found)]


def answer(  # the members of a problem
    status: int,
    code: str,
    *,
    title: str,
    detail: str,
    remedy: str,
    facts: Mapping[str, Any],
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem as an answer."""
    document = {
        "type": TYPE + code,
        "title": title,
        "status": status,
        "detail": detail,
        "remedy": remedy,
        **({"facts": facts} if facts else {}),
    }
    return Response(
        orjson.dumps(document), status_code=status, media_type=MEDIA_TYPE, headers=headers
    )


@dataclass(frozen=True, slots=True)
class FieldError:
    """A member of a body, a parameter or a header that does not have the right form."""

    where: str  # such as body.target.organisation, or header.If-Match
    message: str  # without the value


@dataclass(frozen=True, slots=True)
class FieldErrors:
    """All that is wrong with the form of a request."""

    errors: list[FieldError] = field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        """Return them as facts of a problem."""
        return {"errors": [{"where": each.where, "message": each.message} for each in self.errors]}


def _json(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple | list | set | frozenset):
        return [_json(each) for each in value]
    return value if isinstance(value, str | int | float | bool | type(None)) else str(value)
