"""Describe the API: the OpenAPI document, made from the commands, the reads and the problems."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any, Final

from caretrail.api.collections import COLLECTIONS, CommandRoute, command_routes
from caretrail.api.examples import TIME, UUID, example_of
from caretrail.api.giving import NOT_NAMED_YET, moments_of
from caretrail.api.incoming import CODE, KEY, PURPOSE, REASON, TAG
from caretrail.api.problems import MEDIA_TYPE, PROBLEMS, TYPE, refusals_of, status_of, title_of
from caretrail.api.reads import ReadRoute, read_routes
from caretrail.refusals import REMEDIES
from commands.decisions import Command
from domain.errors import (
    AccessReasonMissing,
    DomainError,
    PurposeMissing,
    RoleNotAllowed,
    UnknownEvent,
    UnknownStream,
)
from domain.events import UUID_TEXT

#: Below which all addresses are.
PREFIX: Final = "/api/v1"

Json = dict[str, Any]

_OF_EVERY_REQUEST: Final = (
    "not_authenticated", "unknown_route", "query_invalid", "internal_error", "store_unavailable",
    "issuer_unavailable",
)  # fmt: skip
_OF_BODIES: Final = ("not_json", "not_json_type", "body_invalid", "body_too_large")
_OF_READS: Final = (
    "access_not_recorded", "read_models_not_built", "not_yet_in_read_models",
)  # fmt: skip


def document() -> Json:
    """Return the OpenAPI document."""
    schemas: Json = {"Problem": _problem(), "Outcome": _outcome()}
    paths: dict[str, Json] = defaultdict(dict)
    for command in command_routes():
        paths[PREFIX + command.path]["post"] = _command(command, schemas)
    for read in read_routes():
        paths[PREFIX + read.path][read.method.lower()] = _read(read, schemas)
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
            "examples": _problem_examples(),
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


def members_of(route: CommandRoute) -> Json:
    """Return the schema of the body of a command, with its own definitions."""
    shape = route.command
    schema = shape.model_json_schema(mode="validation")
    schema.pop("title", None)
    members: Json = schema["properties"]
    required: list[str] = schema.get("required", [])
    for name in moments_of(shape):
        words = members[name].get("description") or "when it happened; now if not given"
        members[name] = {
            "type": "string",
            "description": f"{words}: a time, or a day",
            "pattern": r"^\d{4}-\d{2}-\d{2}",
            "examples": [TIME],
        }
    if route.names_stream:
        members.pop("stream")
        required.remove("stream")
    else:
        members["stream"] = {
            "type": "string",
            "pattern": UUID_TEXT,
            "description": "id of the stream; by default it is made from the content, from the"
            " Idempotency-Key, or a new one",
        }
        required.remove("stream")
    if "record" in members:
        members.pop("record")
        required.remove("record")
        members["patient"] = {
            "type": "string",
            "minLength": 1,
            "maxLength": 512,
            "description": "a patient id, or AUTHORITY|IDENTIFIER",
        }
        required.append("patient")
    if not required:
        schema.pop("required", None)
    if "Moment" not in str({k: v for k, v in schema.items() if k != "$defs"}):
        schema.get("$defs", {}).pop("Moment", None)
    return schema


def _command(route: CommandRoute, schemas: Json) -> Json:
    shape = route.command
    schema = members_of(route)
    example = example_of(schema)
    name = shape.__name__
    schemas[name] = _with_components(schema, schemas)
    words = (shape.__doc__ or "").strip()
    head = [*_PURPOSE_REQUIRED, _KEY_HEADER, _MATCH_HEADER]
    done = {
        "description": "What the command recorded; a repeated command gets the same",
        "headers": {
            "ETag": {"description": "version of the stream", "schema": {"type": "string"}},
            "Idempotency-Replayed": {
                "description": "true: an earlier request with the same key recorded it",
                "schema": {"type": "string"},
            },
            **(
                {"Location": {"description": "the new stream", "schema": {"type": "string"}}}
                if route.creates
                else {}
            ),
        },
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/Outcome"},
                "example": _outcome_example(shape),
            }
        },
    }
    codes = [*_OF_EVERY_REQUEST, *_OF_BODIES]
    if "record" in shape.model_fields:
        codes += ["unknown_patient", "number_of_several_patients", "read_models_not_built",
                  "access_not_recorded"]  # fmt: skip
    return {
        "operationId": f"{route.collection.kind}_{shape.VERB}",
        "tags": [route.collection.path],
        "summary": words.partition("\n")[0],
        "description": f"{words}\n\nWho may: {shape.PERMISSION.value}.",
        "parameters": [*_path_parameters(route.path), *head],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": f"#/components/schemas/{name}"},
                    "example": example,
                }
            },
        },
        "responses": {
            "201" if route.creates else "200": done,
            **_problems(codes, refusals_of(route.collection.kind)),
        },
    }


def _read(route: ReadRoute, schemas: Json) -> Json:
    asked = _with_components(route.asked.model_json_schema(), schemas)
    one = {"type": "object"}
    answer: Json = (
        {
            "type": "object",
            "required": [route.rows, "next"],
            "properties": {
                route.rows: {"type": "array", "items": one},
                "next": {
                    "type": ["string", "null"],
                    "description": "cursor of the next page; null: this is the last one",
                },
            },
        }
        if route.is_list
        else one
    )
    codes = [*_OF_EVERY_REQUEST, *_OF_READS]
    refusals: list[type[DomainError]] = [PurposeMissing, RoleNotAllowed]
    if "{patient}" in route.path or "patient" in route.asked.model_fields:
        codes.append("unknown_patient")
        refusals.append(AccessReasonMissing)
    if "{stream}" in route.path:
        codes.append("unknown_patient")
        refusals += [AccessReasonMissing, UnknownStream]
    if "{event}" in route.path:
        refusals.append(UnknownEvent)
    operation: Json = {
        "operationId": "read_" + route.path.strip("/").translate(_TO_NAME),
        "tags": [route.tag],
        "summary": route.words,
        "parameters": [
            *_path_parameters(route.path),
            *_query_parameters(asked),
            *_PURPOSE_REQUIRED,
            _REASON_HEADER,
        ],
    }
    if route.body is not None:
        codes += [*_OF_BODIES, "number_of_several_patients"]
        schema = _with_components(route.body.model_json_schema(), schemas)
        schemas[route.body.__name__] = schema
        operation["requestBody"] = {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": f"#/components/schemas/{route.body.__name__}"},
                    "example": example_of(schema, schemas),
                }
            },
        }
    return {
        **operation,
        "responses": {
            "200": {
                "description": f"{route.words}. The members are those of the command line:"
                " docs/reference/json.md",
                "content": {
                    "application/json": {
                        "schema": answer,
                        "example": {route.rows: [], "next": None} if route.is_list else {},
                    }
                },
            },
            **_problems(codes, refusals),
        },
    }


def _problems(codes: Iterable[str], refusals: Sequence[type[DomainError]]) -> Json:
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


def _problem_examples() -> Json:
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


def _problem() -> Json:
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


def _outcome() -> Json:
    return {
        "type": "object",
        "description": "What a command recorded; no events: the stream held its facts already.",
        "required": ["stream_id", "version", "events", "warnings"],
        "additionalProperties": False,
        "properties": {
            "stream_id": {"type": "string", "pattern": UUID_TEXT},
            "version": {"type": "integer", "minimum": 0},
            "events": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["index", "event_id", "topic", "version"],
                    "additionalProperties": False,
                    "properties": {
                        "index": {"type": "integer", "description": "give it to `wait_for`"},
                        "event_id": {"type": "string", "pattern": UUID_TEXT},
                        "topic": {"type": "string"},
                        "version": {"type": "integer"},
                    },
                },
            },
            "warnings": {
                "type": "array",
                "items": {"type": "string"},
                "description": f"codes of what to look at, such as {NOT_NAMED_YET}",
            },
        },
    }


def _outcome_example(shape: type[Command]) -> Json:
    event = shape.KIND.events[0] if shape.BEGINS else shape.KIND.error_mark
    version_ = 1 if shape.BEGINS else 2
    return {
        "stream_id": UUID,
        "version": version_,
        "events": [
            {
                "index": 48213,
                "event_id": "0198f3a2-6001-7c55-8a10-3b7c9e1f5022",
                "topic": event.TOPIC,
                "version": version_,
            }
        ],
        "warnings": [],
    }


def _with_components(schema: Json, schemas: Json) -> Json:
    """Move the definitions of a schema to the components of the document."""
    for name, definition in schema.pop("$defs", {}).items():
        schemas[name] = _renamed(definition)
    return {name: _renamed(each) for name, each in schema.items()}


def _renamed(value: Any) -> Any:
    """Let references name the components."""
    if isinstance(value, dict):
        return {
            name: each.replace("#/$defs/", "#/components/schemas/")
            if name == "$ref"
            else _renamed(each)
            for name, each in value.items()
        }
    return [_renamed(each) for each in value] if isinstance(value, list) else value


def _path_parameters(path: str) -> list[Json]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": words,
            "schema": {"type": "string", "pattern": UUID_TEXT},
            "example": UUID,
        }
        for name, words in (
            ("patient", "patient id"),
            ("stream", "id of the stream"),
            ("event", "event id"),
        )
        if f"{{{name}}}" in path
    ]


def _query_parameters(asked: Json) -> list[Json]:
    required = asked.get("required", ())
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": schema.get("description", ""),
            "schema": _stated(schema),
        }
        for name, schema in asked.get("properties", {}).items()
    ]


def _stated(schema: Json) -> Json:
    """Return the schema of a parameter that is given: without null, which no address holds."""
    choices = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    examples = {"examples": schema["examples"]} if "examples" in schema else {}
    return {**choices[0], **examples} if choices else schema


def _header(name: str, words: str, pattern: str, *, required: bool, example: str) -> Json:
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": words,
        "schema": {"type": "string", "pattern": pattern},
        "example": example,
    }


_PURPOSE_REQUIRED: Final = (
    _header(
        PURPOSE, "purpose of use, such as TREAT (HL7 PurposeOfUse)", CODE,
        required=True, example="TREAT",
    ),
)  # fmt: skip
_REASON_HEADER: Final = _header(
    REASON, "why you read patients who are not in your care, as a code; it is recorded", CODE,
    required=False, example="direct_care",
)  # fmt: skip
_KEY_HEADER: Final = _header(
    "Idempotency-Key", "a repeated key changes nothing and gets the same answer", KEY,
    required=False, example="9b2f6c1e",
)  # fmt: skip
_MATCH_HEADER: Final = _header(
    "If-Match", "refuse the command if the stream has another version: the ETag of a read", TAG,
    required=False, example='"3"',
)  # fmt: skip

_TO_NAME: Final = str.maketrans({"/": "_", "-": "_", "{": None, "}": None})


def _tags(paths: Iterable[Json]) -> list[str]:
    return sorted({tag for each in paths for one in each.values() for tag in one["tags"]})


_ABOUT: Final = """\
Commands on own activities, and reads of the read models.

Every request has a bearer token, and states a purpose of use. Reads of patients are recorded
before the answer leaves. A read may be *as of* an instant (what was true then) and *known at* an
instant or the index of an event (what was recorded by then).

A request that is not done is answered with a problem (RFC 9457). Its `type` ends in a stable code;
`remedy` says what to do, and `facts` holds what the code is about."""

__all__ = ["PREFIX", "document", "example_of", "members_of"]
