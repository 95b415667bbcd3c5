"""Each read answers with the members that its schema names, and with no others."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types

from caretrail.api.collections import PREFIX
from caretrail.api.document import document
from caretrail.api.reads import ReadRoute, read_routes
from tests.api_region import ApiClient

pytestmark = pytest.mark.postgres

DOCUMENT: Final = document()
#: The other tests of the API do not use this patient.
NUMBER: Final = "NGH|60022"
BY: Final = {"organisation": "NGH", "person": "dr-ward"}
#: What is told of the patient: the kind of stream, the end of the address, and what differs from
#: the example of the document.
STORY: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("referrals", "", {}),
    ("care-plans", "", {}),
    ("care-plans", "/{stream}/add-concern", {}),
    ("care-plans", "/{stream}/set-goal", {}),
    ("care-plans", "/{stream}/add-activity", {}),
    ("care-plans", "/{stream}/activate", {}),
    ("care-plans", "/{stream}/change-goal", {"goal_id": "g1", "words": "To walk", "by": BY}),
    ("care-plans", "/{stream}/revise", {}),
    ("medication-lists", "/record", {}),
    ("medication-lists", "/reconcile", {}),
    ("medication-lists", "/find-discrepancy", {}),
    ("care-teams", "/join", {"member": "rn-1"}),
    ("care-teams", "/join", {"member": "cm-2"}),
    ("care-teams", "/assign-coordinator", {"member": "rn-1"}),
    ("care-teams", "/hand-over", {"from_member": "rn-1", "to_member": "cm-2"}),
    ("attributions", "/attribute", {}),
    ("transitions", "/attempt-contact", {}),
    ("work-items", "/claim", {}),
)


def documented(path: str, method: str = "post") -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][PREFIX + path][method]
    return found


@pytest.fixture(scope="module")
def ids(api: ApiClient) -> Mapping[str, str]:
    """Tell the story; return the ids that an address may name."""
    items = [
        item
        for person in api.get("/work-list?limit=500&older=true").json()["people"]
        for item in person["items"]
    ]
    owed = next(each for each in items if each["kind"] == "transition")
    patient = api.opened.readers.reader.resolve(NUMBER)
    found = {"patient": str(patient), "item": owed["item_id"], "encounter": owed["encounter_id"]}
    found["owed"] = owed["patient_id"]  # the patient of the transition and of its item
    for collection, path, members in STORY:
        body = documented(f"/{collection}{path}")["requestBody"]["content"]["application/json"]
        given = {**body["example"], **members}
        given |= {name: found[name] for name in ("item", "encounter") if name in given}
        given |= {"patient": NUMBER} if "patient" in given else {}
        address = path.format(stream=found.get(collection, ""))
        answer = api.post(f"/{collection}{address}", given, role="clinician")
        assert answer.is_success, f"{collection}{path}: {answer.text}"
        found[collection] = answer.json()["stream_id"]
    api.application.read_models.catch_up()
    found["protocols"] = api.get("/protocols").json()["items"][0]["event_id"]
    return found


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    """Return the document with schemas that admit no further members."""
    whole = deepcopy(DOCUMENT)
    for schema in whole["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return whole


def addresses(route: ReadRoute, ids: Mapping[str, str]) -> list[str]:
    """Return the addresses to ask: for a list, also those of one patient."""
    path = route.path.format(
        patient=ids["patient"], stream=ids.get(route.tag), event=ids.get(route.tag)
    )
    if route.path == "/care-plans/{stream}/compare":
        return [f"{path}?earlier=0&later=1"]
    if "patient" in route.asked.model_fields:
        patient = ids["owed" if route.tag in {"transitions", "work-items", "duties"} else "patient"]
        return [f"{path}?limit=500&patient={patient}", f"{path}?limit=500"]
    return [path]


@pytest.mark.parametrize("route", read_routes(), ids=lambda route: f"{route.method} {route.path}")
def test_a_read_answers_as_its_schema_says(
    api: ApiClient, ids: Mapping[str, str], schemas: dict[str, Any], route: ReadRoute
) -> None:
    operation = documented(route.path, route.method.lower())
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    validator = Draft202012Validator({**schema, "components": schemas["components"]})
    shown = []
    for address in addresses(route, ids):
        answer = api.call(route.method, address, {"words": NUMBER} if route.body else None)
        if answer.status_code == 422 and route.path not in {"/referrals", "/care-plans"}:
            continue  # such streams are listed by patient alone
        assert answer.status_code == 200, answer.text
        validator.validate(answer.json())
        shown.append(answer.json())
    assert shown
    assert all(each.get("items", True) for each in shown), "a list without rows proves nothing"
