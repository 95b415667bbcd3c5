"""Describe the API: the OpenAPI document, made from the commands, the reads and the problems."""

from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from typing import Final

from caretrail.api.collections import PREFIX, command_routes
from caretrail.api.openapi.command_operations import command_operation, outcome_schema
from caretrail.api.openapi.components import Json
from caretrail.api.openapi.problem_answers import problem_examples, problem_schema
from caretrail.api.openapi.read_operations import read_operation
from caretrail.api.reads import read_routes


@cache
def document() -> Json:
    """Return the OpenAPI document. It takes a second to make, so it is made once: read it only."""
    schemas: Json = {"Problem": problem_schema(), "Outcome": outcome_schema()}
    paths: dict[str, Json] = defaultdict(dict)
    for command in command_routes():
        paths[PREFIX + command.path]["post"] = command_operation(command, schemas)
    for read in read_routes():
        paths[PREFIX + read.path][read.method.lower()] = read_operation(read, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "caretrail",
            "version": version("caretrail"),
            "summary": "Care transitions as immutable events",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "tags": [{"name": name} for name in _tags(paths.values())],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "examples": problem_examples(),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A local token, as `caretrail token issue` prints it, or a"
                    " JWT of the OIDC issuer that the settings name.",
                }
            },
        },
    }


def _tags(paths: Iterable[Json]) -> list[str]:
    return sorted({tag for each in paths for one in each.values() for tag in one["tags"]})


_ABOUT: Final = """\
Commands on own activities, and reads of the read models.

Every request has a bearer token, and states a purpose of use. Reads of patients are recorded
before the answer leaves. A read may be *as of* an instant (what was true then) and *known at* an
instant or the index of an event (what was recorded by then).

A request that is not done is answered with a problem (RFC 9457). Its `type` ends in a stable code;
`remedy` says what to do, and `facts` holds what the code is about."""
