"""The answers to requests that are not done: by status, each code with its remedy."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from caretrail.api.collections import COLLECTIONS
from caretrail.api.openapi.components import Json
from caretrail.api.problems import MEDIA_TYPE, PROBLEMS, TYPE, refusals_of, status_of, title_of
from caretrail.refusals import REMEDIES
from domain.errors import DomainError

OF_EVERY_REQUEST: Final = (
    "not_authenticated", "query_invalid", "internal_error", "store_unavailable",
    "database_right_missing", "issuer_unavailable",
)  # fmt: skip
OF_BODIES: Final = ("not_json", "not_json_type", "body_invalid", "body_too_large")
OF_READS: Final = ("read_models_not_built", "not_yet_in_read_models")


def without_route(path: str) -> Sequence[str]:
    """Return the problem of an address that names nothing: ids may be empty, or have a slash."""
    return ("unknown_route",) if "{" in path else ()


def problem_answers(codes: Iterable[str], refusals: Sequence[type[DomainError]]) -> Json:
    """Return the answers to a request that is not done, by status, each code with its remedy."""
    by_status: dict[int, set[str]] = defaultdict(set)
    for code in codes:
        by_status[PROBLEMS[code].status].add(code)
    for each in refusals:
        by_status[status_of(each)].add(each.code)
    return {
        str(status): {
            "description": "; ".join(f"`{code}`" for code in sorted(found)),
            "content": {
                MEDIA_TYPE: {
                    "schema": {
                        "allOf": [
                            {"$ref": "#/components/schemas/Problem"},
                            {
                                "properties": {
                                    "type": {"enum": [TYPE + code for code in sorted(found)]}
                                }
                            },
                        ]
                    },
                    "examples": {
                        code: {"$ref": f"#/components/examples/{code}"} for code in sorted(found)
                    },
                }
            },
        }
        for status, found in sorted(by_status.items())
    }


def problem_examples() -> Json:
    """Return an example of each problem, by code."""
    kinds = [(each.code, each.status, each.title, each.remedy) for each in PROBLEMS.values()]
    refusals = {each for collection in COLLECTIONS for each in refusals_of(collection)}
    kinds += [
        (each.code, status_of(each), title_of(each), REMEDIES.get(each, "")) for each in refusals
    ]
    return {
        code: {
            "summary": title,
            "value": {
                "type": TYPE + code,
                "title": title,
                "status": status,
                "detail": title,
                "remedy": remedy,
            },
        }
        for code, status, title, remedy in sorted(kinds)
    }


def problem_schema() -> Json:
    """Return the schema of a problem."""
    return {
        "type": "object",
        "description": "RFC 9457. `type` ends in the stable code.",
        "required": ["type", "title", "status", "detail", "remedy"],
        "properties": {
            "type": {"type": "string", "pattern": f"^{TYPE}[a-z_]+$"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "remedy": {"type": "string", "description": "what to do"},
            "facts": {
                "type": "object",
                "description": "such as the state and the moves that it allows, or the errors of"
                " members",
            },
        },
    }
