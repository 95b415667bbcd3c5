"""A bearer token is a local token, or a JWT of the configured issuer."""

from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest

from caretrail.actors.authentication import HELD_SECONDS, Authentication
from caretrail.actors.user import NotAuthenticated
from commands.permissions import Role
from infra import clock, tokens
from infra.oidc import ClaimNames, OidcIssuer
from infra.tokens import LocalToken, NewToken
from tests.oidc_provider import AUDIENCE, Provider

pytestmark = pytest.mark.postgres


def new(**changed: object) -> NewToken:
    given = {
        "subject": "nurse-7",
        "name": "Odile Ward",
        "roles": ["coordinator", "clinician"],
        "organisations": ["GENERAL"],
        "issued_by": "admin",
        "lifetime": timedelta(days=1),
        **changed,
    }
    return NewToken(**given)  # type: ignore[arg-type]


def authentication(
    connection: psycopg.Connection,
    *,
    oidc: OidcIssuer | None = None,
    seconds: Callable[[], float] = lambda: 0.0,
) -> Authentication:
    return Authentication(
        lambda text: tokens.find(connection, text), oidc=oidc, now=clock.now, seconds=seconds
    )


def test_a_local_token_names_its_person_with_roles_and_organisations(
    connection: psycopg.Connection,
) -> None:
    text, _ = tokens.issue(connection, new())
    person = authentication(connection).user(f"Bearer {text}")

    assert (person.issuer, person.subject, person.name) == ("local", "nurse-7", "Odile Ward")
    assert person.authority.roles == (Role.COORDINATOR, Role.CLINICIAN)
    assert person.authority.organisations == {"GENERAL"}
    actor = person.actor(purpose="TREAT", role="coordinator")
    assert (actor.kind, actor.issuer, actor.subject) == ("person", "local", "nurse-7")
    assert (actor.role, actor.purpose) == ("coordinator", "TREAT")


def test_the_database_does_not_hold_the_text_of_a_token(connection: psycopg.Connection) -> None:
    text, _ = tokens.issue(connection, new())
    row = connection.execute("select t::text, length(hash) from access.token t").fetchone()

    assert row is not None
    assert text not in row[0]
    assert text.removeprefix(tokens.PREFIX) not in row[0]
    assert row[1] == 32


@pytest.mark.parametrize("header", [
    None, "", "Bearer", "Bearer ", "Basic abc", "Bearer caretrail_unknown", "Bearer x.y.z",
    "Bearer " + "x" * 20_000,
])  # fmt: skip
def test_a_request_without_a_token_that_is_known_is_refused(
    connection: psycopg.Connection, header: str | None
) -> None:
    tokens.issue(connection, new())
    with pytest.raises(NotAuthenticated):
        authentication(connection).user(header)


def test_an_expired_token_is_refused(connection: psycopg.Connection) -> None:
    text, _ = tokens.issue(connection, new(lifetime=timedelta(microseconds=1)))
    with pytest.raises(NotAuthenticated, match="expired"):
        authentication(connection).user(f"Bearer {text}")


def test_a_revoked_token_is_refused_within_a_second(connection: psycopg.Connection) -> None:
    now = [0.0]
    text, token = tokens.issue(connection, new())
    made = authentication(connection, seconds=lambda: now[0])
    made.user(f"Bearer {text}")
    revoked = tokens.revoke(connection, token.token_id)
    again = tokens.revoke(connection, token.token_id)
    now[0] = HELD_SECONDS

    assert revoked == again
    with pytest.raises(NotAuthenticated, match="revoked"):
        made.user(f"Bearer {text}")


def test_a_token_that_was_accepted_is_not_looked_up_again_at_once(
    connection: psycopg.Connection,
) -> None:
    asked: list[str] = []

    def find(text: str) -> LocalToken | None:
        asked.append(text)
        return tokens.find(connection, text)

    text, _ = tokens.issue(connection, new())
    made = Authentication(find, now=clock.now, seconds=lambda: 0.0)
    people = {made.user(f"bearer {text}").subject for _ in range(5)}

    assert people == {"nurse-7"}
    assert len(asked) == 1


def test_a_token_of_the_issuer_names_its_person(
    connection: psycopg.Connection, provider: Provider
) -> None:
    oidc = OidcIssuer(provider.issuer, audience=AUDIENCE, names=ClaimNames())
    made = authentication(connection, oidc=oidc)
    person = made.user(f"Bearer {provider.token(roles=['clinician', 'unknown'])}")

    assert (person.issuer, person.subject) == (provider.issuer, "nurse-7")
    assert person.authority.roles == (Role.CLINICIAN,)
    with pytest.raises(NotAuthenticated, match="cannot be accepted"):
        made.user(f"Bearer {provider.token(aud='another')}")


def test_without_an_issuer_a_jwt_is_refused(
    connection: psycopg.Connection, provider: Provider
) -> None:
    with pytest.raises(NotAuthenticated):
        authentication(connection).user(f"Bearer {provider.token()}")


def test_tokens_are_listed_with_the_newest_first(connection: psycopg.Connection) -> None:
    first = tokens.issue(connection, new())[1]
    second = tokens.issue(connection, new(subject="dr-ward"))[1]
    assert tokens.listed(connection) == [second, first]
    assert tokens.revoke(connection, clock.new_id()) is None
