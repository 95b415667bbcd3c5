"""The pages that say how to sign in, and who is signed in."""

from collections.abc import Iterable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from caretrail.web.purposes import PURPOSES
from caretrail.web.render import render
from caretrail.web.words import Words


class SignInProblem(Enum):
    """Why a person who went to the OIDC issuer is not signed in."""

    DENIED = (
        403,
        "The sign-in was refused",
        (
            "The sign-in service of your organisation did not let you in, or you stopped. Try"
            " again. If it happens again, ask those who manage its accounts."
        ),
    )
    EXPIRED = (
        400,
        "This sign-in has expired",
        (
            "It took longer than 10 minutes, it began in another browser or window, or its"
            " answer was used before. You are not signed in. Sign in again."
        ),
    )
    NO_ROLE = (
        403,
        "Your account has no role here",
        (
            "The sign-in service knows you, but it gives you no role in caretrail. Ask those"
            " who manage its accounts for a role, then sign in again."
        ),
    )
    NOT_VERIFIED = (
        403,
        "The sign-in could not be verified",
        (
            "The answer of the sign-in service could not be accepted. You are not signed in."
            " Sign in again. If it happens again, tell those who run caretrail: its log has the"
            " reason."
        ),
    )
    ISSUER_DOWN = (
        503,
        "The sign-in service does not answer",
        (
            "Please try again in a minute. If it happens again, tell those who run caretrail:"
            " its log has the reason."
        ),
    )
    OTHER_NAME = (
        421,
        "Not the address of these pages",
        (
            "People sign in under the public address. If this is the address that you opened,"
            " the proxy in front of caretrail must pass on the header Host as it is."
        ),
    )

    def __init__(self, status: int, title: str, text: str) -> None:
        self.status = status
        self.title = title
        self.text = text


def sign_in_page(
    *, used: bool, oidc: str, loopback: bool, words: Words, frame: Mapping[str, object]
) -> str:
    """Return the page that says how to sign in.

    Args:
        used: Whether a link was followed before, or has expired.
        oidc: The address that begins a sign-in at the OIDC issuer; empty: there is none.
        loopback: Whether the browser is on the machine of the service, where links work.
        words: Zone and names.
        frame: What the frame shows.
    """
    return render("sign_in.html", **frame, words=words, used=used, oidc=oidc, loopback=loopback)


def sign_in_problem_page(
    problem: SignInProblem, *, origin: str, words: Words, frame: Mapping[str, object]
) -> str:
    """Return the page that says why a person is not signed in, and what to do.

    Args:
        problem: Why.
        origin: The public address of the pages.
        words: Zone and names.
        frame: What the frame shows.
    """
    again = "?again=yes" if problem in {SignInProblem.NO_ROLE, SignInProblem.DENIED} else ""
    return render(
        "sign_in_problem.html",
        **frame,
        words=words,
        head=problem.title,
        text=problem.text,
        start=f"{origin}/ui/login/oidc{again}",
        label="Sign in as another person" if problem is SignInProblem.NO_ROLE else "Sign in again",
    )


def signed_out_page(address: str | None, *, words: Words, frame: Mapping[str, object]) -> str:
    """Return the page after signing out. ``address``: where to sign out at the issuer too."""
    return render("signed_out.html", **frame, words=words, address=address)


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


def reason_page(
    asked: Iterable[tuple[str, str]], *, words: Words, frame: Mapping[str, object]
) -> str:
    """Return the page that asks why a person reads a patient.

    Args:
        asked: The query of the address that was asked for, which the reason is added to.
        words: The words of the pages.
        frame: The frame of the page.
    """
    kept = [(name, text) for name, text in asked if name != "reason"]
    return render("reason.html", **frame, words=words, reasons=REASONS, kept=kept)
