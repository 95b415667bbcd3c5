"""The API accepts the tokens of a real OIDC issuer, and records who they name."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api_region import REQUEST, ApiClient, code_of, opened_region
from tests.oidc_provider import AUDIENCE, Provider, provider

__all__ = ["provider"]
pytestmark = pytest.mark.postgres


@pytest.fixture
def federated(
    database: str, tmp_path: Path, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ApiClient]:
    monkeypatch.setenv("CARETRAIL_OIDC_ISSUER", provider.issuer)
    monkeypatch.setenv("CARETRAIL_OIDC_AUDIENCE", AUDIENCE)
    monkeypatch.setenv("CARETRAIL_OIDC_ROLES_CLAIM", "realm_access.roles")
    monkeypatch.setenv("CARETRAIL_OIDC_ROLES", "doctors=clinician")
    with opened_region(database, tmp_path) as client:
        yield client


def test_a_token_of_the_issuer_gives_commands_in_its_role(
    federated: ApiClient, provider: Provider
) -> None:
    doctor = provider.token(sub="dr-9", realm_access={"roles": ["doctors"]})
    nobody = provider.token(sub="dr-9", realm_access={"roles": ["guests"]})
    asked = federated.post("/referrals", REQUEST, role=doctor)
    with federated.application.connect() as connection:
        (actor,) = connection.execute(
            "select actor from es.event where event_id = %s",
            (asked.json()["events"][0]["event_id"],),
        ).fetchone() or ({},)

    assert asked.status_code == 201
    assert actor == {
        "kind": "person", "issuer": provider.issuer, "subject": "dr-9", "role": "clinician",
        "purpose": "TREAT",
    }  # fmt: skip
    assert code_of(federated.post("/referrals", REQUEST, role=nobody)) == "role_not_allowed"
    foreign = provider.token(aud="another-api")
    refused = federated.post("/referrals", REQUEST, role=foreign)
    assert (refused.status_code, code_of(refused)) == (401, "not_authenticated")


def test_an_issuer_that_does_not_answer_is_a_problem_of_its_own(
    federated: ApiClient, provider: Provider
) -> None:
    token = provider.token()
    provider.close()
    answer = federated.post("/referrals", REQUEST, role=token)
    assert (answer.status_code, code_of(answer)) == (503, "issuer_unavailable")
