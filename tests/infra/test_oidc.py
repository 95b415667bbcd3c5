"""Tokens of an OIDC issuer are verified against its keys, over real HTTP."""

import hmac
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from infra import clock
from infra.oidc import ClaimNames, IssuerUnavailable, OidcIssuer, TokenRefused, issuer_of
from infra.settings import BadSettings, Settings
from tests.oidc_provider import AUDIENCE, Provider, provider

__all__ = ["provider"]


def encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def issuer(provider: Provider, **changed: object) -> OidcIssuer:
    names = ClaimNames(**changed)  # type: ignore[arg-type]
    return OidcIssuer(provider.issuer, audience=AUDIENCE, names=names)


def test_a_token_of_the_issuer_is_accepted_with_its_roles(provider: Provider) -> None:
    claims = issuer(provider).verified(
        provider.token(organisations=["GENERAL"], name="Odile Ward"), now=clock.now()
    )

    assert (claims.subject, claims.name) == ("nurse-7", "Odile Ward")
    assert (claims.roles, claims.organisations) == (("coordinator",), ("GENERAL",))


def test_values_of_a_claim_within_a_claim_are_mapped_to_roles(provider: Provider) -> None:
    verifier = issuer(
        provider,
        roles="realm_access.roles",
        mapping={"care-coordinators": "coordinator", "doctors": "clinician"},
    )
    token = provider.token(realm_access={"roles": ["doctors", "other", "clinician"]})
    assert verifier.verified(token, now=clock.now()).roles == ("clinician",)


def test_roles_may_be_one_text_with_spaces(provider: Provider) -> None:
    token = provider.token(roles="coordinator analyst")
    found = issuer(provider).verified(token, now=clock.now())
    assert found.roles == ("coordinator", "analyst")


@pytest.mark.parametrize("claims", [
    {"iss": "https://other.example"}, {"iss": None}, {"aud": "another-api"}, {"aud": None},
    {"sub": None}, {"sub": ""}, {"sub": 7}, {"exp": None}, {"exp": 1_700_000_000},
    {"nbf": 4_000_000_000}, {"exp": "soon"},
])  # fmt: skip
def test_a_token_with_a_wrong_claim_is_refused(provider: Provider, claims: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused, match="cannot be accepted"):
        issuer(provider).verified(provider.token(**claims), now=clock.now())


def test_an_audience_among_several_is_accepted(provider: Provider) -> None:
    token = provider.token(aud=["another-api", AUDIENCE])
    assert issuer(provider).verified(token, now=clock.now()).subject == "nurse-7"


def test_the_clock_of_the_issuer_may_differ_by_a_minute(provider: Provider) -> None:
    now = clock.now().replace(microsecond=0)
    verifier, token = issuer(provider), provider.token(exp=int(now.timestamp()))

    assert verifier.verified(token, now=now + timedelta(seconds=50)).subject == "nurse-7"
    with pytest.raises(TokenRefused):
        verifier.verified(token, now=now + timedelta(seconds=70))


def test_a_token_that_another_key_signed_is_refused(provider: Provider) -> None:
    forged = ECKey.generate_key("P-256", {"kid": str(provider.keys[0].kid)}, auto_kid=False)
    with pytest.raises(TokenRefused):
        issuer(provider).verified(provider.token(key=forged), now=clock.now())


def test_a_token_that_is_signed_with_the_public_key_as_secret_is_refused(
    provider: Provider,
) -> None:
    _, claims, _ = provider.token().split(".")
    head = encoded(b'{"alg":"HS256","kid":"%s"}' % str(provider.keys[0].kid).encode())
    signed = f"{head}.{claims}"
    mac = hmac.digest(provider.keys[0].as_pem(private=False), signed.encode(), "sha256")
    with pytest.raises(TokenRefused):
        issuer(provider).verified(f"{signed}.{encoded(mac)}", now=clock.now())


def test_a_token_without_signature_is_refused(provider: Provider) -> None:
    head = encoded(b'{"alg":"none"}')
    _, claims, _ = provider.token().split(".")
    with pytest.raises(TokenRefused):
        issuer(provider).verified(f"{head}.{claims}.", now=clock.now())


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "eyJ.x", "é.b.c", "W10.e30.x", "." * 50])
def test_a_text_that_is_no_token_is_refused(provider: Provider, text: str) -> None:
    with pytest.raises(TokenRefused):
        issuer(provider).verified(text, now=clock.now())


def test_a_new_key_of_the_issuer_is_fetched_when_a_token_names_it(provider: Provider) -> None:
    seconds = iter(range(0, 10_000, 11))
    verifier = OidcIssuer(
        provider.issuer, audience=AUDIENCE, names=ClaimNames(), seconds=lambda: next(seconds)
    )
    old = provider.token()
    assert verifier.verified(old, now=clock.now()).subject == "nurse-7"
    provider.rotate()

    assert verifier.verified(provider.token(), now=clock.now()).subject == "nurse-7"
    with pytest.raises(TokenRefused):
        verifier.verified(old, now=clock.now())


def test_a_key_of_another_kind_is_accepted(provider: Provider) -> None:
    provider.keys = [RSAKey.generate_key(2048, {"kid": "rsa"}, auto_kid=False)]
    token = provider.token(algorithm="RS256")
    assert issuer(provider).verified(token, now=clock.now()).subject == "nurse-7"


def test_tokens_with_invented_key_ids_cause_few_fetches(provider: Provider) -> None:
    verifier = issuer(provider)
    verifier.verified(provider.token(), now=clock.now())
    for number in range(20):
        key = ECKey.generate_key("P-256", {"kid": f"invented-{number}"}, auto_kid=False)
        with pytest.raises(TokenRefused):
            verifier.verified(provider.token(key=key), now=clock.now())

    assert provider.asked.count("/keys") == 1


def test_known_keys_are_used_while_the_issuer_does_not_answer(provider: Provider) -> None:
    now = [0.0]
    verifier = OidcIssuer(
        provider.issuer, audience=AUDIENCE, names=ClaimNames(), seconds=lambda: now[0]
    )
    token = provider.token()
    verifier.verified(token, now=clock.now())
    provider.close()
    now[0] = 100_000.0

    assert verifier.verified(token, now=clock.now()).subject == "nurse-7"


def test_an_issuer_that_does_not_answer_is_not_a_refusal() -> None:
    verifier = OidcIssuer("http://127.0.0.1:9", audience=AUDIENCE, names=ClaimNames())
    head = encoded(b'{"alg":"ES256","kid":"k"}')
    with pytest.raises(IssuerUnavailable):
        verifier.verified(f"{head}.e30.x", now=clock.now())


def test_a_discovery_document_of_another_issuer_is_not_used(provider: Provider) -> None:
    provider.claimed_issuer = "https://other.example"
    with pytest.raises(IssuerUnavailable, match="another issuer"):
        issuer(provider).verified(provider.token(), now=clock.now())


@pytest.mark.parametrize(("given", "named"), [
    ({"oidc_issuer": "http://issuer.example"}, "CARETRAIL_OIDC_ISSUER"),
    ({"oidc_issuer": "issuer.example"}, "CARETRAIL_OIDC_ISSUER"),
    ({"oidc_issuer": "https://issuer.example", "oidc_audience": ""}, "CARETRAIL_OIDC_AUDIENCE"),
    ({"oidc_issuer": "https://issuer.example", "oidc_roles": "doctors"}, "CARETRAIL_OIDC_ROLES"),
])  # fmt: skip
def test_settings_that_cannot_be_used_are_refused_by_name(
    given: dict[str, str], named: str
) -> None:
    with pytest.raises(BadSettings, match=named):
        issuer_of(Settings(**{"oidc_audience": "api", **given}))  # type: ignore[arg-type]


def test_without_an_issuer_there_are_only_local_tokens() -> None:
    assert issuer_of(Settings()) is None
