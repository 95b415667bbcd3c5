"""The OpenAPI document says what the API takes and answers."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from caretrail.api.collections import PREFIX, CommandRoute, command_routes
from caretrail.api.document import document
from caretrail.api.giving import moments_of
from caretrail.api.openapi.command_operations import members_of
from caretrail.api.openapi.examples import example_of
from caretrail.api.problems import PROBLEMS, refusals_of
from caretrail.api.reads import read_routes
from caretrail.stated_times import stated_moment
from commands.catalogue import COMMANDS
from domain.catalogue import OWN_EVENTS
from infra import clock
from tests.api_region import ApiClient

DOCUMENT = document()


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    ]


def resolved(pointer: str) -> Any:
    found: Any = DOCUMENT
    for name in pointer.removeprefix("#/").split("/"):
        found = found[name]
    return found


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [each for inner in value.values() for each in references(inner)]
    return (
        [each for inner in value for each in references(inner)] if isinstance(value, list) else []
    )


def test_every_command_and_every_read_has_an_operation_of_its_own() -> None:
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(ids) == len(set(ids)) == len(COMMANDS) + len(read_routes())
    assert all(operation["summary"] for _, _, operation in operations())


#: Reads that answer about now alone, with the reason.
NOW_ALONE = {
    "/api/v1/patients/search": "it finds by the names and numbers that patients have now",
}


def test_every_read_takes_as_of_and_known_at() -> None:
    without = {
        path
        for path, _, operation in operations()
        if operation["operationId"].startswith("read_")
        and not {"as_of", "known_at"} <= {each["name"] for each in operation["parameters"]}
    }
    assert without == set(NOW_ALONE)


def test_every_reference_names_something() -> None:
    found = references(DOCUMENT)
    assert found
    for each in set(found):
        resolved(each)


@pytest.mark.parametrize("route", list(command_routes()), ids=lambda route: route.path)
def test_the_example_of_a_command_has_the_shape_of_the_command(route: CommandRoute) -> None:
    schema = members_of(route)
    example = example_of(schema)
    Draft202012Validator(schema, registry=Registry()).validate(example)
    members = {name: value for name, value in example.items() if name != "patient"}
    if "record" in route.command.model_fields:
        members["record"] = clock.new_id()
    for name in moments_of(route.command):
        if name in members:
            members[name] = stated_moment(members[name])
    given = orjson.dumps({**members, "stream": clock.new_id()})
    assert route.command.model_validate_json(given, strict=True).VERB == route.command.VERB


@pytest.mark.parametrize("route", list(command_routes()), ids=lambda route: route.path)
def test_the_answer_to_a_command_shows_the_event_of_the_command(route: CommandRoute) -> None:
    responses = DOCUMENT["paths"][PREFIX + route.path]["post"]["responses"]
    answer = responses["201" if route.creates else "200"]["content"]["application/json"]["example"]
    (event,) = answer["events"]
    shape = route.command
    assert OWN_EVENTS[event["topic"]] is shape.event_type()
    assert shape.event_type() in shape.KIND.events


def test_every_problem_and_refusal_has_an_example_with_its_remedy() -> None:
    examples = DOCUMENT["components"]["examples"]
    codes = {each.code for each in refusals_of("referral")} | set(PROBLEMS)
    assert codes <= set(examples)
    problem = DOCUMENT["components"]["schemas"]["Problem"]
    registry: Registry[Any] = Registry().with_resource(
        "", Resource.from_contents(DOCUMENT, default_specification=DRAFT202012)
    )
    for each in examples.values():
        Draft202012Validator(problem, registry=registry).validate(each["value"])
        assert each["value"]["remedy"]


def codes(operation: dict[str, Any]) -> set[str]:
    """Return the codes of the problems that an operation may answer with."""
    return {
        code
        for answer in operation["responses"].values()
        for media in answer["content"].values()
        for code in media.get("examples", ())
    }


def test_every_code_is_in_the_answers_of_an_operation() -> None:
    told = set().union(*(codes(operation) for _, _, operation in operations()))
    missing = {*PROBLEMS, *(each.code for each in refusals_of("referral"))} - told
    assert missing == {"method_not_allowed"}  # it is the answer to what is no operation


@pytest.mark.parametrize(
    ("code", "of"),
    [
        ("unknown_route", lambda path, _: "{" in path),
        ("not_json", lambda path, _: "post" in DOCUMENT["paths"][path]),
        ("access_not_recorded", lambda path, one: "/protocols" not in path and (
            one["operationId"].startswith("read_") or "new_person" in members_in(one))),
        ("unknown_person", lambda _, one: "new_person" in members_in(one)),
        ("reason_missing", lambda _, one: {"reason", "reason_code"} & required_in(one)),
        ("already_member", lambda path, one: "/care-teams" in path and bool(members_in(one))),
        ("protocol_invalid", lambda path, one: "/protocols" in path and bool(members_in(one))),
        ("claimed_by_another", lambda path, one: "/work-items" in path and bool(members_in(one))),
        ("goal_unknown", lambda path, one: "/care-plans" in path and bool(members_in(one))),
        ("before_birth", lambda path, one: "/protocols" not in path and bool(members_in(one))),
        ("entered_in_error_is_final", lambda path, _: path.endswith("/void")),
        ("unknown_patient", lambda path, one: "{patient}" in path or "patient" in {
            each["name"] for each in one["parameters"]}),
    ],
)  # fmt: skip
def test_a_code_is_in_the_answers_of_the_operations_that_can_give_it(
    code: str, of: Callable[[str, dict[str, Any]], object]
) -> None:
    told = {path for path, _, operation in operations() if code in codes(operation)}
    assert told == {path for path, _, operation in operations() if of(path, operation)}


def body_of(operation: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the body of a command; empty: it is a read."""
    if operation["operationId"].startswith("read_"):
        return {}
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    found: dict[str, Any] = resolved(schema["$ref"])
    return found


def members_in(operation: dict[str, Any]) -> set[str]:
    return set(body_of(operation).get("properties", ()))


def required_in(operation: dict[str, Any]) -> set[str]:
    return set(body_of(operation).get("required", ()))


def test_every_operation_is_secured_and_documents_its_refusals() -> None:
    assert DOCUMENT["security"] == [{"bearer": []}]
    for _, method, operation in operations():
        statuses = set(operation["responses"])
        assert {"401", "403", "422", "500", "503"} <= statuses
        if method == "post" and "{stream}" in operation["operationId"]:
            assert {"404", "409"} <= statuses


@pytest.mark.postgres
def test_the_document_is_served_without_a_token(api: ApiClient) -> None:
    answer = api.get("/openapi.json", role=None)
    assert answer.status_code == 200
    assert answer.json() == orjson.loads(orjson.dumps(DOCUMENT))
