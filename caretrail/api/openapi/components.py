"""Move schemas to the components of the document, so that each is described once."""

from typing import Any, TypeAlias

#: A part of the document.
Json: TypeAlias = dict[str, Any]


def with_components(schema: Json, schemas: Json) -> Json:
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
