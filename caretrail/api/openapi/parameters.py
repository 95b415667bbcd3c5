"""The parameters of requests: of the path, of the query, and headers."""

from typing import Final

from caretrail.api.incoming import CODE, KEY, PURPOSE, REASON, TAG
from caretrail.api.openapi.components import Json
from caretrail.api.openapi.examples import UUID
from domain.events import UUID_TEXT


def path_parameters(path: str) -> list[Json]:
    """Return the ids that a path holds."""
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


def query_parameters(asked: Json) -> list[Json]:
    """Return the parameters of the query from the schema of what can be asked."""
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


PURPOSE_REQUIRED: Final = (
    _header(
        PURPOSE, "purpose of use, such as TREAT (HL7 PurposeOfUse)", CODE,
        required=True, example="TREAT",
    ),
)  # fmt: skip
REASON_HEADER: Final = _header(
    REASON, "why you read patients who are not in your care, as a code; it is recorded", CODE,
    required=False, example="direct_care",
)  # fmt: skip
KEY_HEADER: Final = _header(
    "Idempotency-Key", "a repeated key changes nothing and gets the same answer", KEY,
    required=False, example="9b2f6c1e",
)  # fmt: skip
MATCH_HEADER: Final = _header(
    "If-Match", "refuse the command if the stream has another version: the ETag of a read", TAG,
    required=False, example='"3"',
)  # fmt: skip
