"""The person or program behind a request."""

from dataclasses import dataclass

from commands.authority import Authority
from domain.body import Actor


class NotAuthenticated(Exception):
    """The request has no token, or a token that cannot be accepted. ``why`` holds no token."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An authenticated person or program, with roles and organisations."""

    issuer: str  # who identified the subject: "local", or the issuer of an OIDC token
    subject: str
    name: str = ""  # for pages; it is not recorded
    authority: Authority

    def actor(self, *, purpose: str, role: str = "") -> Actor:
        """Return the actor for the envelope of events."""
        return Actor(
            kind="person", issuer=self.issuer, subject=self.subject, role=role, purpose=purpose
        )
