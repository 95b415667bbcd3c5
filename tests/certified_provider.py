"""A certified OpenID provider on loopback, and a person who signs in at it with a browser."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from infra.oidc import ClaimNames, OidcIssuer
from infra.oidc_login import CALLBACK, OidcClient
from tests.availability import openid

#: The client of the provider that has a secret; ``public-pages`` has none.
CLIENT = {"client_id": "pages", "secret": "a secret: 100% & more"}
INTERACTION = "/interaction/"
_ACTION = re.compile(r'<form[^>]* action="([^"]+)" method="post"')
_PROMPT = re.compile(r'name="prompt" value="(\w+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class CertifiedProvider:
    """The running provider. Both issuers know the same people and clients."""

    process: subprocess.Popen[str]
    issuer: str  # tells roles at its userinfo endpoint only
    telling: str  # tells roles in the ID token

    def rotate(self) -> None:
        """Replace the keys that sign."""
        _pipe(self.process.stdin).write("rotate\n")
        _pipe(self.process.stdin).flush()
        output = _pipe(self.process.stdout)  # the provider writes notes there too
        assert "rotated\n" in iter(output.readline, "")


@pytest.fixture(scope="session")
def certified() -> Iterator[CertifiedProvider]:
    """The provider, for all tests of a worker."""
    process = subprocess.Popen(
        ["node", str(openid())],  # as the path names it
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        issuer, telling = json.loads(_pipe(process.stdout).readline())
        yield CertifiedProvider(process=process, issuer=issuer, telling=telling)
        _pipe(process.stdin).close()


def client_at(issuer: str, origin: str, **changed: Any) -> OidcClient:
    """Return the pages at an origin as a client of an issuer of the provider."""
    seconds = iter(range(0, 1_000_000, 3600))  # so that new keys are fetched for each token
    verifier = OidcIssuer(
        issuer, audience="", names=ClaimNames(), seconds=lambda: float(next(seconds))
    )
    given = {**CLIENT, "scopes": "openid profile caretrail", **changed}
    return OidcClient(verifier, origin=origin, **given)


def go(browser: httpx.Client, address: str, *until: str) -> str:
    """Follow redirects until one leads to a path of ``until``; return its whole address."""
    for _ in range(9):
        answer = browser.get(address)
        assert answer.status_code == 303, answer.text
        address = urljoin(address, answer.headers["location"])
        if urlsplit(address).path.startswith(until):
            return address
    raise AssertionError(address)


def authenticate(browser: httpx.Client, address: str, name: str) -> str:
    """Sign in at the provider that an address leads to; return the address that it sends back."""
    for _ in range(3):  # the form of the sign-in, and that of the consent
        address = go(browser, address, INTERACTION, CALLBACK)
        if urlsplit(address).path == CALLBACK:
            return address
        form = browser.get(address).text
        action, prompt = _ACTION.search(form), _PROMPT.search(form)
        assert action is not None
        assert prompt is not None
        fields = {"prompt": prompt[1], "login": name, "password": "any"}
        answer = browser.post(action[1], data=fields)
        address = urljoin(address, answer.headers["location"])
    raise AssertionError(address)


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe
