"""A browser signs in at an OpenID provider and signs out of it, under the policy of the pages."""

from time import monotonic, sleep

import pytest

from infra.ports import free_port
from tests.certified_provider import CertifiedProvider, certified, client_at
from tests.http.test_oidc_sign_in import pages
from tests.region import Told
from tests.web.browser import Browser

__all__ = ["certified"]
pytestmark = [pytest.mark.chromium, pytest.mark.openid, pytest.mark.postgres]

_PATIENCE = 60.0  # seconds


def press(tab: Browser, selector: str) -> None:
    """Press a button or link as soon as the page has it."""
    quoted = selector.replace('"', '\\"')
    until(tab, f'!!document.querySelector("{quoted}")')
    tab.evaluate(f'document.querySelector("{quoted}").click()')


def until(tab: Browser, expression: str) -> None:
    """Wait until a page that has loaded wholly fulfils a condition."""
    end = monotonic() + _PATIENCE
    while not tab.evaluate(f'document.readyState == "complete" && ({expression})'):
        assert monotonic() < end, tab.evaluate("document.body.innerText")
        sleep(0.02)


def test_a_browser_signs_in_and_follows_the_form_that_signs_out(
    tab: Browser, told: Told, certified: CertifiedProvider
) -> None:
    port = free_port()
    client = client_at(certified.issuer, f"http://127.0.0.1:{port}")
    with pages(told, client, port) as site:
        tab.show(f"{site}/ui/session", 1366, 768)
        press(tab, 'a[href*="/ui/login/oidc"]')
        until(tab, "!!document.querySelector('[name=password]')")
        for name, value in (("login", "nurse-7"), ("password", "any")):
            tab.evaluate(f"document.querySelector('[name={name}]').value = '{value}'")
        press(tab, "form button")
        until(tab, "document.querySelector('[name=prompt]')?.value == 'consent'")
        press(tab, "form button")
        until(tab, f"location.href == '{site}/ui/session'")
        press(tab, 'form[action="/ui/logout"] button')
        # The form goes to this server, which redirects it to the issuer.
        until(tab, f"location.href.startsWith('{certified.issuer}')")
        press(tab, "button[value=yes]")
        until(tab, f"location.href == '{site}/ui/login'")
        text = tab.evaluate("document.body.innerText")

    assert "With the account of your organisation" in text
    assert "nurse-7" not in text
