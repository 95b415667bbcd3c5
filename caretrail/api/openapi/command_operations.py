"""The operations that give commands."""

from typing import Any

from caretrail.api.collections import CommandRoute
from caretrail.api.giving import moments_of
from caretrail.api.incoming import REASONS
from caretrail.api.openapi.components import Json, with_components
from caretrail.api.openapi.examples import TIME, UUID, example_of
from caretrail.api.openapi.parameters import (
    KEY_HEADER,
    MATCH_HEADER,
    PURPOSE_REQUIRED,
    path_parameters,
)
from caretrail.api.openapi.problem_answers import (
    OF_BODIES,
    OF_EVERY_REQUEST,
    problem_answers,
    without_route,
)
from caretrail.api.openapi.reachable_refusals import refusals_of_command
from caretrail.named_person import NOT_NAMED_YET
from commands.command import Command
from domain.events import UUID_TEXT


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
        members["new_person"] = {
            "type": "boolean",
            "default": False,
            "description": "the person is new: no message has named the number yet. Without it, a"
            " number that is not known is refused as unknown_person",
        }
        required.append("patient")
    if not required:
        schema.pop("required", None)
    if "Moment" not in str({k: v for k, v in schema.items() if k != "$defs"}):
        schema.get("$defs", {}).pop("Moment", None)
    return schema


def command_operation(route: CommandRoute, schemas: Json) -> Json:
    """Return the operation of a command, and add the schema of its body to ``schemas``."""
    shape = route.command
    schema = members_of(route)
    example = example_of(schema)
    name = shape.__name__
    schemas[name] = with_components(schema, schemas)
    words = (shape.__doc__ or "").strip()
    head = [*PURPOSE_REQUIRED, KEY_HEADER, MATCH_HEADER]
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
    codes = [*OF_EVERY_REQUEST, *without_route(route.path), *OF_BODIES]
    if REASONS & set(schema.get("required", ())):
        codes.append("reason_missing")
    if _has_words(schema, schemas):
        codes.append("unknown_code")
    if "record" in shape.model_fields:
        codes += ["number_of_several_patients", "read_models_not_built",
                  "not_yet_in_read_models", "access_not_recorded"]  # fmt: skip
    return {
        "operationId": f"{route.collection.kind}_{shape.VERB}",
        "tags": [route.collection.path],
        "summary": words.partition("\n")[0],
        "description": f"{words}\n\nWho may: {shape.PERMISSION.value}.",
        "parameters": [*path_parameters(route.path), *head],
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
            **problem_answers(codes, refusals_of_command(shape)),
        },
    }


def _has_words(schema: Json, schemas: Json) -> bool:
    """Tell whether a member of a body is one of several words, or the name of a kind."""
    found: set[str] = set()
    waiting: list[Any] = [schema]
    while waiting:
        match waiting.pop():
            case {"enum": _} | {"const": _}:
                return True
            case {"$ref": str(name)} if name not in found:
                found.add(name)
                waiting.append(schemas.get(name.rpartition("/")[2], {}))
            case dict() as inner:
                waiting += inner.values()
            case list() as inner:
                waiting += inner
            case _:
                pass
    return False


def outcome_schema() -> Json:
    """Return the schema of what a command recorded."""
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
    version_ = 1 if shape.BEGINS else 2
    return {
        "stream_id": UUID,
        "version": version_,
        "events": [
            {
                "index": 48213,
                "event_id": "0198f3a2-6001-7c55-8a10-3b7c9e1f5022",
                "topic": shape.event_type().TOPIC,
                "version": version_,
            }
        ],
        "warnings": [],
    }
