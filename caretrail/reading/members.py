"""Values as members of JSON."""

from datetime import UTC, datetime
from typing import Any, TypeAlias

from domain.body import Actor

Json: TypeAlias = dict[str, Any]


def actor_json(actor: Actor) -> Json:
    """Return who gave a command; None for what is not stated."""
    return {
        "kind": actor.kind,
        "issuer": actor.issuer or None,
        "subject": actor.subject or None,
        "role": actor.role or None,
        "purpose": actor.purpose or None,
    }


def actor_words(actor: Json | None) -> str:
    """Return an actor as text, such as ``nurse-1 (local), coordinator, TREAT``."""
    if actor is None:
        return ""
    who = actor["subject"] or actor["kind"]
    issued = f"{who} ({actor['issuer']})" if actor["issuer"] else who
    return ", ".join(filter(None, (issued, actor["role"], actor["purpose"])))


def instant(at: datetime | None) -> str | None:
    """Return an instant as RFC 3339 in UTC, or None."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


def instant_of(member: Any) -> datetime:
    """Return the instant that a member states."""
    return datetime.fromisoformat(str(member))
