"""Duties and the clocks: what is known, what is in force, and what time it is."""

from datetime import datetime
from secrets import token_hex
from typing import Any

import psycopg
import pytest

from domain.events import OwnEvent
from domain.ids import StreamId
from domain.party import Party
from domain.protocol import ProtocolEnteredInError, ProtocolPublished, stream_of_protocols
from domain.referral import (
    ReferralAccepted,
    ReferralContactAttempted,
    ReferralMissed,
    ReferralScheduled,
)
from domain.rules import version_of
from domain.statement import Moment
from projections.catalogue import PROJECTIONS
from projections.engine import generations
from projections.work_list import FIRST, ItemFilter, WorkItemRow, items_after
from tests import servers
from tests.projections.samples import (
    KEY,
    SampleOwnEvent,
    at,
    content,
    record,
    referral,
    services,
)
from tests.projections.told_models import ToldModels

pytestmark = pytest.mark.postgres

CLINIC = Party(organisation="HEART")
REFERRAL = StreamId(KEY.record("referral", "clocks", "P"))
_STREAM = StreamId(stream_of_protocols(KEY))
_SERVICES = services(protocol_stream=_STREAM)
_RULES = """
name = "{name}"
zone = "UTC"
kinds = {{}}
[duties]
"referral.acknowledge.routine" = {{ within = "{within}", source = "{name}" }}
"referral.missed" = {{ within = "{within}", source = "{name}" }}
"""


class ToldWork(ToldModels):
    """Read models, with what they say of duties."""

    def items(self, now: datetime, *, known: int | None = None) -> list[WorkItemRow]:
        past = self.past(known=known)
        return items_after(
            self.connection, ItemFilter(), at=now, after=FIRST, limit=100, relations=past
        )

    def done(self) -> list[tuple[str, datetime | None, datetime]]:
        return self.connection.execute(
            "select duty, done_at, in_time_until from care.duty order by opened_at, duty"
        ).fetchall()


@pytest.fixture(scope="session")
def template_database(server: str) -> str:
    name = f"clocks_{token_hex(4)}"
    with psycopg.connect(servers.create_database(server, name), autocommit=True) as connection:
        generations.create(connection, PROJECTIONS)
    return name


@pytest.fixture
def told(connection: psycopg.Connection) -> ToldWork:
    return ToldWork(connection, _SERVICES)


def published(name: str, within: str, since: datetime | None = None) -> SampleOwnEvent:
    text = _RULES.format(name=name, within=within)
    event = ProtocolPublished(
        happened_at=Moment(at=at("09:00")),
        version=version_of(text),
        effective_from=since,
        content=text,
    )
    return SampleOwnEvent(stream=_STREAM, event=event)


def asked() -> SampleOwnEvent:
    return referral(
        "10:00",
        number="1",
        stream=REFERRAL,
        target=CLINIC,
        urgency="routine",
        happened_at=Moment(at=at("10:00", day=3)),
    )


def step(event: OwnEvent) -> SampleOwnEvent:
    return SampleOwnEvent(stream=REFERRAL, event=event)


def happened(clock: str, day: int) -> dict[str, Any]:
    return {"record": record("1"), "happened_at": Moment(at=at(clock, day=day))}


NOW = at("12:00", day=4)


def test_an_old_known_at_has_the_rules_that_were_known_before_and_after_a_rebuild(
    told: ToldWork,
) -> None:
    told.tell(published("slow", "9 d"))
    known = told.tell(asked())
    then = told.items(NOW)
    told.tell(published("strict", "2 d", since=at("00:00", day=2)))

    present = told.items(NOW)
    assert [each.source for each in then] == ["slow"]
    assert [each.source for each in present] == ["strict"]
    assert present[0].in_time_until < then[0].in_time_until
    assert told.items(NOW, known=known) == then

    rows = content(told.connection)
    told.rebuilt()
    assert content(told.connection) == rows
    assert told.items(NOW) == present
    assert told.items(NOW, known=known) == then


def test_a_protocol_that_was_void_later_is_in_force_at_the_old_known_at(told: ToldWork) -> None:
    told.tell(published("slow", "9 d"))
    mistaken = told.tell(published("strict", "2 d", since=at("00:00", day=2)))
    known = told.tell(asked())
    then = told.items(NOW)
    told.tell(
        SampleOwnEvent(
            stream=_STREAM,
            event=ProtocolEnteredInError(
                happened_at=Moment(at=at("14:00", day=5)),
                event_id=told.log.events[mistaken - 1].envelope.event_id,
                reason_code="wrong_item",
            ),
        )
    )
    assert [each.source for each in then] == ["strict"]
    assert [each.source for each in told.items(NOW)] == ["slow"]
    assert told.items(NOW, known=known) == then


def test_a_deadline_that_passes_writes_no_event_and_changes_no_row(told: ToldWork) -> None:
    told.tell(published("slow", "9 d"), asked())
    rows = content(told.connection)
    (early,) = told.items(at("12:00", day=4))
    (late,) = told.items(at("12:00", day=28))
    assert early == late
    assert early.place(at("12:00", day=4)).rank == 2
    assert late.place(at("12:00", day=28)).rank == 1
    told.rebuilt()
    assert content(told.connection) == rows
    events = told.connection.execute("select count(*) from proj.audit_trail").fetchone()
    assert events == (len(told.log.events),) == (2,)


def test_work_that_is_entered_late_with_its_true_time_was_done_in_time(told: ToldWork) -> None:
    told.tell(published("slow", "2 d"), asked())
    accepted = ReferralAccepted(**happened("15:00", 4), by=CLINIC)
    told.tell(step(accepted))  # the log records each event later than the one before
    ((duty, done_at, until),) = told.done()
    assert duty == "referral.acknowledge.routine"
    assert done_at == at("15:00", day=4)
    assert done_at <= until
    assert told.items(at("12:00", day=28)) == []


def test_a_contact_that_is_entered_late_with_its_true_time_was_made_in_time(
    told: ToldWork,
) -> None:
    told.tell(published("slow", "1 d"), asked())
    told.tell(
        step(ReferralAccepted(**happened("11:00", 3), by=CLINIC)),
        step(
            ReferralScheduled(
                **happened("12:00", 3),
                by=CLINIC,
                starts_at=at("09:00", day=5),
            )
        ),
        step(ReferralMissed(**happened("09:30", 5), by=CLINIC)),
    )
    assert [each.duty for each in told.items(at("12:00", day=20))] == ["referral.missed"]
    told.tell(
        step(
            ReferralContactAttempted(
                **happened("16:00", 5),
                by=CLINIC,
                how="telephone",
                result="reached",
            )
        )
    )
    ((_, done_at, until),) = [each for each in told.done() if each[0] == "referral.missed"]
    assert done_at == at("16:00", day=5)
    assert done_at <= until
    assert told.items(at("12:00", day=20)) == []
