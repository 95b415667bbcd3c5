"""Referral commands and the parties that give them."""

from typing import Any

from commands.decisions import Caller
from commands.referral.answer import AcceptReferral
from commands.referral.close import CloseReferral
from commands.referral.request import RequestReferral
from domain.body import Actor
from domain.ids import StreamId
from domain.party import Party
from domain.referral import ReferralOutcome
from infra.clock import new_id
from tests.intake_samples import record_of

WARD = Party(organisation="GENERAL", person="dr-ward")
HEART = Party(organisation="HEART", pool="triage")
NURSE = Actor(kind="person", issuer="test", subject="nurse-1", purpose="TREAT")

#: What must never be seen in clear anywhere.
QUESTION = "Does Quastenflosser need a pacemaker?"


def caller(key: str = "", *, version: int | None = None, actor: Actor = NURSE) -> Caller:
    """Return the person who gives a command."""
    return Caller(actor=actor, key=key, expected_version=version)


def request(stream: StreamId | None = None, *, number: str = "1", **facts: Any) -> RequestReferral:
    """Return the request of a new referral of the patient with a number."""
    given = {
        "stream": stream or StreamId(new_id()),
        "record": record_of(number),
        "requester": WARD,
        "target": HEART,
        "question": QUESTION,
    }
    return RequestReferral.model_validate(given | facts)


def accept(stream: StreamId, **facts: Any) -> AcceptReferral:
    """Return the acceptance by the target."""
    return AcceptReferral.model_validate({"stream": stream, "by": HEART} | facts)


def close(stream: StreamId, **facts: Any) -> CloseReferral:
    """Return the closing by the requester, with the outcome."""
    given = {"stream": stream, "acknowledged_by": WARD, "outcome": ReferralOutcome(how="fax")}
    return CloseReferral.model_validate(given | facts)
