"""The pages that say how to sign in, and who is signed in."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from caretrail.web.purposes import PURPOSES
from caretrail.web.render import render
from caretrail.web.words import Words


def sign_in_page(*, used: bool, words: Words, frame: Mapping[str, object]) -> str:
    """Return the page that says how to sign in. ``used``: the link was followed or has expired."""
    return render("sign_in.html", **frame, words=words, used=used)


def session_page(*, words: Words, frame: Mapping[str, object]) -> str:
    """Return the page with the role and the purpose of the person who is signed in."""
    return render("session.html", **frame, words=words, purposes=PURPOSES)


#: Why a person reads a patient who is not in the person's care: code -> words.
REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "direct_care": "I take part in the care of the patient",
        "new_referral": "The patient is referred to us",
        "call_of_patient": "The patient or the family asked me",
        "correction": "I correct the record",
        "emergency": "It is an emergency",
    }
)


def reason_page(*, words: Words, frame: Mapping[str, object]) -> str:
    """Return the page that asks why the person needs to read a patient."""
    return render("reason.html", **frame, words=words, reasons=REASONS)
