"""The operations that read."""

from typing import Any, Final

from pydantic import TypeAdapter

from caretrail.api.openapi.components import Json, with_components
from caretrail.api.openapi.examples import example_of
from caretrail.api.openapi.parameters import (
    PURPOSE_REQUIRED,
    REASON_HEADER,
    path_parameters,
    query_parameters,
)
from caretrail.api.openapi.problem_answers import (
    OF_BODIES,
    OF_EVERY_REQUEST,
    OF_READS,
    problem_answers,
    without_route,
)
from caretrail.api.reads import ReadRoute
from domain.errors import (
    AccessReasonMissing,
    DomainError,
    PurposeMissing,
    RoleNotAllowed,
    UnknownEvent,
    UnknownStream,
)


def schema_of(shape: Any, schemas: Json) -> Json:
    """Return a reference to the schema of a shape, and add it to ``schemas``."""
    schema = TypeAdapter(shape).json_schema(mode="serialization")
    schemas[shape.__name__] = with_components(schema, schemas)
    return {"$ref": f"#/components/schemas/{shape.__name__}"}


def _answer(route: ReadRoute, schemas: Json) -> Json:
    one = schema_of(route.shape, schemas)
    if not route.is_list:
        return one
    return {
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": one},
            "next": {
                "anyOf": [{"type": "string"}, {"type": "null"}],
                "description": "cursor of the next page; null: this is the last one",
            },
        },
    }


def read_operation(route: ReadRoute, schemas: Json) -> Json:
    """Return the operation of a read, and add the schemas that it names to ``schemas``."""
    asked = with_components(route.asked.model_json_schema(), schemas)
    answer = _answer(route, schemas)
    codes = [*OF_EVERY_REQUEST, *without_route(route.path), *OF_READS]
    refusals: list[type[DomainError]] = [PurposeMissing]
    if route.of_patients:
        codes.append("access_not_recorded")
        refusals.append(RoleNotAllowed)
    if "{patient}" in route.path or "patient" in route.asked.model_fields:
        codes += ["unknown_patient", "number_of_several_patients"]
        refusals.append(AccessReasonMissing)
    if "{stream}" in route.path:
        codes.append("number_of_several_patients")
        refusals += [AccessReasonMissing, UnknownStream]
    if "{event}" in route.path:
        refusals.append(UnknownEvent)
    operation: Json = {
        "operationId": "read_" + route.path.strip("/").translate(_TO_NAME),
        "tags": [route.tag],
        "summary": route.words,
        "parameters": [
            *path_parameters(route.path),
            *query_parameters(asked),
            *PURPOSE_REQUIRED,
            REASON_HEADER,
        ],
    }
    if route.body is not None:
        codes += [*OF_BODIES, "number_of_several_patients"]
        schema = with_components(route.body.model_json_schema(), schemas)
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
                        "example": example_of(answer, schemas),
                    }
                },
            },
            **problem_answers(codes, refusals),
        },
    }


_TO_NAME: Final = str.maketrans({"/": "_", "-": "_", "{": None, "}": None})
