"""A browser signs in at an OpenID provider and signs out of it, under the policy of the pages."""

import pytest

from infra.ports import free_port
from tests.certified_provider import CertifiedProvider, certified, client_at
from tests.http.test_oidc_sign_in import pages
from tests.region import Told
from tests.web.browser import Browser

__all__ = ["certified"]
pytestmark = [pytest.mark.chromium, pytest.mark.openid, pytest.mark.postgres]


def test_a_browser_signs_in_and_follows_the_form_that_signs_out(
    tab: Browser, told: Told, certified: CertifiedProvider
) -> None:
    port = free_port()
    client = client_at(certified.issuer, f"http://127.0.0.1:{port}")
    with pages(told, client, port) as site:
        tab = tab.stranger()  # its cookies would sign the other tests out
        tab.show(f"{site}/ui/session", 1366, 768)
        tab.press('a[href*="/ui/login/oidc"]')
        tab.until("!!document.querySelector('[name=password]')")
        for name, value in (("login", "nurse-7"), ("password", "any")):
            tab.evaluate(f"document.querySelector('[name={name}]').value = '{value}'")
        tab.press("form button")
        tab.until("document.querySelector('[name=prompt]')?.value == 'consent'")
        tab.press("form button")
        tab.until(f"location.href == '{site}/ui/session'")
        tab.press('form[action="/ui/logout"] button')
        # The form goes to this server, which redirects it to the issuer.
        tab.until(f"location.href.startsWith('{certified.issuer}')")
        tab.press("button[value=yes]")
        tab.until(f"location.href == '{site}/ui/login'")
        text = tab.text()

    assert "With the account of your organisation" in text
    assert "nurse-7" not in text
