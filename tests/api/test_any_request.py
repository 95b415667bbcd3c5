"""No request finds an internal error or an answer that is not documented (schemathesis)."""

from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from caretrail.api.document import document
from tests.api_region import ApiClient
from tests.examples import a_part_of_the_examples

pytestmark = [pytest.mark.postgres, pytest.mark.hypothesis]

SCHEMA: Final = schemathesis.openapi.from_dict(document())
OPERATIONS: Final = [
    (path, method) for path, methods in document()["paths"].items() for method in methods
]
CHECKS: Final = [
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_an_operation_answers_any_request_as_documented(
    api: ApiClient, path: str, method: str
) -> None:
    operation = SCHEMA[path][method]
    headers = {"Authorization": f"Bearer {api.tokens['clinician']}"}

    @settings(
        a_part_of_the_examples(0.1),
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def requests(data: st.DataObject) -> None:
        mode: Any = data.draw(st.sampled_from(list(schemathesis.GenerationMode)))
        case = data.draw(operation.as_strategy(generation_mode=mode))
        answer = case.call(base_url=str(api.http.base_url), headers=headers)
        assert answer.status_code != 500, answer.text
        case.validate_response(answer, checks=CHECKS)

    requests()
