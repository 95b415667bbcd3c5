"""The baseline of commands: a plain ``Application`` of ``eventsourcing`` behind FastAPI.

It is written as the documentation of both libraries shows: an endpoint gets an aggregate from the
repository, triggers one event, and saves. The server settings are those of caretrail. It checks no
rule, seals nothing, knows no caller and keeps no idempotency key.
"""

import sys
from typing import Any
from uuid import UUID

import uvicorn
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from fastapi import FastAPI, Request

from benchmarks.baseline import environment


class PlainReferral(Aggregate):
    """A referral: the facts of its request, and of each step since."""

    @event("Requested")
    def __init__(self, facts: dict[str, Any]) -> None:
        self.facts = facts
        self.steps: list[str] = []

    @event("Stepped")
    def step(self, verb: str, facts: dict[str, Any]) -> None:
        """Take a step."""
        self.steps.append(verb)
        self.facts = facts


class PlainReferrals(Application[UUID]):
    """The write side."""

    name = "referrals"

    def request(self, facts: dict[str, Any]) -> PlainReferral:
        """Record a new referral."""
        referral = PlainReferral(facts)
        self.save(referral)
        return referral

    def step(self, referral_id: UUID, verb: str, facts: dict[str, Any]) -> PlainReferral:
        """Record a step of a referral."""
        referral: PlainReferral = self.repository.get(referral_id)
        referral.step(verb, facts)
        self.save(referral)
        return referral


def _answer(referral: PlainReferral) -> dict[str, Any]:
    return {"stream_id": str(referral.id), "version": referral.version}


def create(url: str) -> FastAPI:
    """Return the application over a database."""
    referrals = PlainReferrals(env=environment(url))
    app = FastAPI()

    @app.post("/api/v1/referrals", status_code=201)
    def request(facts: dict[str, Any]) -> dict[str, Any]:
        return _answer(referrals.request(facts))

    @app.post("/api/v1/referrals/{referral_id}/{verb}")
    def step(referral_id: UUID, verb: str, facts: dict[str, Any]) -> dict[str, Any]:
        return _answer(referrals.step(referral_id, verb, facts))

    @app.get("/readyz")
    def ready(request: Request) -> dict[str, Any]:
        del request
        return {}

    return app


if __name__ == "__main__":
    uvicorn.run(
        create(sys.argv[1]),
        port=int(sys.argv[2]),
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
    )
