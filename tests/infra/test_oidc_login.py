"""The settings of the sign-in at an OIDC issuer are checked, and named when they are wrong."""

from pathlib import Path

import pytest

from infra.oidc import issuer_of
from infra.oidc_login import client_of, public_address
from infra.settings import BadSettings, Settings

GIVEN = {
    "oidc_issuer": "https://login.example",
    "oidc_client_id": "pages",
    "http_public_url": "https://care.example",
}


def settings(**changed: object) -> Settings:
    return Settings(**{**GIVEN, **changed})  # type: ignore[arg-type]


def test_the_pages_are_a_client_where_the_settings_say_so(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a secret\n")
    given = settings(oidc_client_secret_file=secret, http_public_url="https://CARE.example:8443/")
    client = client_of(given, issuer_of(given))

    assert client is not None
    assert (client.origin, client.host) == ("https://care.example:8443", "care.example")
    assert client.issuer_origin == "https://login.example"
    assert client_of(Settings(), None) is None


@pytest.mark.parametrize(("changed", "named"), [
    ({"http_public_url": ""}, "CARETRAIL_HTTP_PUBLIC_URL"),
    ({"http_public_url": "http://care.example"}, "CARETRAIL_HTTP_PUBLIC_URL"),
    ({"http_public_url": "care.example"}, "CARETRAIL_HTTP_PUBLIC_URL"),
    ({"http_public_url": "https://care.example/pages"}, "CARETRAIL_HTTP_PUBLIC_URL"),
    ({"http_public_url": "https://care.example?x=1"}, "CARETRAIL_HTTP_PUBLIC_URL"),
    ({"oidc_issuer": ""}, "CARETRAIL_OIDC_ISSUER"),
    ({"oidc_issuer": "http://login.example"}, "CARETRAIL_OIDC_ISSUER"),
    ({"oidc_scopes": "profile"}, "CARETRAIL_OIDC_SCOPES"),
    ({"oidc_client_secret_file": "/nowhere/secret"}, "CARETRAIL_OIDC_CLIENT_SECRET_FILE"),
    ({"oidc_client_secret_file": "/dev/null"}, "CARETRAIL_OIDC_CLIENT_SECRET_FILE"),
])  # fmt: skip
def test_settings_of_the_client_that_cannot_be_used_are_refused_by_name(
    changed: dict[str, str], named: str
) -> None:
    given = settings(**changed)
    with pytest.raises(BadSettings, match=named):
        client_of(given, issuer_of(given))


@pytest.mark.parametrize(("url", "host"), [
    ("https://care.example", "care.example"), ("http://127.0.0.1:8600", "127.0.0.1"),
    ("http://[::1]:8600", "[::1]"),
])  # fmt: skip
def test_the_host_name_of_the_public_address_is_as_browsers_write_it(url: str, host: str) -> None:
    public = public_address(settings(http_public_url=url))
    assert public is not None
    assert public.host == host
