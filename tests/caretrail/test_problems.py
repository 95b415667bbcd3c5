"""What the command line, the API and the pages say about failures."""

from types import SimpleNamespace
from typing import Any, cast

import orjson
from starlette.requests import Request

from caretrail.api.frame import refusal
from caretrail.http.error_pages import ErrorPages
from caretrail.http.site import Site
from caretrail.problems import explanation
from commands.ports.store import RightMissing
from projections.engine.generations import NeedsRebuild


def test_read_models_of_another_release_are_explained_with_their_remedy() -> None:
    assert explanation(NeedsRebuild(["census"])) == (
        "projections to rebuild: census; the service does so at its start: start it, or wait until"
        " it is ready"
    )


def test_a_missing_right_is_told_to_every_caller() -> None:
    error = RightMissing("permission denied for table event")
    assert explanation(error) == (
        "the database does not let caretrail do this: permission denied for table event."
        " Grant the right to the user of CARETRAIL_DATABASE_URL"
    )
    answer = refusal(error, "POST /referrals")
    assert (answer.status_code, orjson.loads(answer.body)["type"]) == (
        503, "urn:caretrail:problem:database_right_missing",
    )  # fmt: skip
    told = list[Any]()
    site = cast("Site", SimpleNamespace(error=lambda _, *page: told.append(page)))
    ErrorPages(site=site).unavailable(Request({"type": "http"}), error)
    ((status, _, text),) = told
    assert status == 503
    assert "Tell the operator" in text
