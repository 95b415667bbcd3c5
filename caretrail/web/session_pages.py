"""The pages that say how to sign in, and who is signed in."""

from collections.abc import Mapping

from caretrail.web.purposes import PURPOSES
from caretrail.web.render import render
from caretrail.web.words import Words


def sign_in_page(*, used: bool, words: Words, frame: Mapping[str, object]) -> str:
    """Return the page that says how to sign in. ``used``: the link was followed or has expired."""
    return render("sign_in.html", **frame, words=words, used=used)


def session_page(*, words: Words, frame: Mapping[str, object]) -> str:
    """Return the page with the role and the purpose of the person who is signed in."""
    return render("session.html", **frame, words=words, purposes=PURPOSES)
