"""Rows whose times the payer of the patient chooses: live, rebuilt, and at other instants."""

from datetime import datetime
from typing import Any

import psycopg
import pytest

from domain.attribution import Attributed, AttributionEnded, AttributionFact
from domain.ids import StreamId
from domain.interpretation import interpret
from domain.protocol import ProtocolPublished, stream_of_protocols
from domain.rules import version_of
from domain.statement import Moment
from projections.engine.relations import PRESENT, Relations
from projections.transition import TRANSITION_STEP
from projections.work import DUTY
from tests.projections.samples import (
    KEY,
    SampleOwnEvent,
    at,
    content,
    record,
    referral,
    services,
    stated,
)
from tests.projections.told_models import ToldModels

pytestmark = pytest.mark.postgres

_STREAM = StreamId(stream_of_protocols(KEY))
_SERVICES = services(interpret=interpret, protocol_stream=_STREAM)
_FILE = """
name = "test"
zone = "UTC"
[duties]
"referral.acknowledge.urgent" = { within = "3 d", source = "ordinary" }
"referral.expires" = { within = "180 d", source = "ordinary" }
[kinds.home]
dispositions = ["01"]
steps = [{ code = "contact", within = "2 d", done_by = ["contact_made"], source = "ordinary" }]
[lines.plan]
payers = ["PLAN-A"]
[lines.plan.duties]
"referral.acknowledge.urgent" = { within = "1 d", source = "plan" }
"referral.expires" = { within = "10 d", source = "plan" }
[lines.plan.steps.home]
contact = { within = "1 d", source = "plan" }
"""
PROTOCOL = SampleOwnEvent(
    stream=_STREAM,
    event=ProtocolPublished(
        happened_at=Moment(at=at("00:00")), version=version_of(_FILE), content=_FILE
    ),
)
#: The patient asks and leaves on the first day. So does another patient.
STORY = (
    PROTOCOL,
    stated("A01", "08:00"),
    stated("A03", "15:00", disposition="01"),
    referral("10:00"),
    stated("A01", "08:30", number="2", visit="V2"),
    referral("10:30", number="2"),
)


def told(fact: type[AttributionFact], clock: str, day: int, **members: Any) -> SampleOwnEvent:
    event = fact.model_validate(
        {
            "record": record("1"),
            "happened_at": Moment(at=at(clock, day)),
            "target_kind": "payer",
            "target": "PLAN-A",
            **members,
        }
    )
    return SampleOwnEvent(stream=KEY.stream("attribution", record("1")), event=event)


#: Told on the fifth day: the patient is of the payer since before the first one.
OF_PLAN = told(Attributed, "09:00", 5, since=Moment(at=at("00:00", -30)))


class Written(ToldModels):
    """Read models, with what they say of the times of duties."""

    def sources(self, relations: Relations = PRESENT, number: str = "1") -> dict[str, str]:
        """Return the source of each duty and step of a patient."""
        query = psycopg.sql.SQL(
            "select duty, source from {} as d where patient_id = %(patient)s union all"
            " select step, source from {} as s where patient_id = %(patient)s"
        ).format(relations.of(DUTY), relations.of(TRANSITION_STEP))
        return dict(self.connection.execute(query, {"patient": record(number)}).fetchall())

    def expiry(self) -> datetime:
        (found,) = self.connection.execute(
            "select expires_at from proj.referral where patient_id = %s", (record("1"),)
        ).fetchone() or (None,)
        assert isinstance(found, datetime)
        return found


@pytest.fixture
def written(connection: psycopg.Connection) -> Written:
    made = Written(connection, _SERVICES)
    made.tell(*STORY)
    return made


def everywhere(source: str) -> dict[str, str]:
    return dict.fromkeys(("referral.acknowledge.urgent", "transition.contact", "contact"), source)


def test_the_rows_have_the_times_of_the_payer_as_a_rebuild_makes_them(written: Written) -> None:
    assert written.sources() == everywhere("ordinary")
    ordinary = written.expiry()
    written.tell(OF_PLAN)
    assert written.sources() == everywhere("plan")
    assert written.expiry() < ordinary
    assert written.sources(number="2") == {"referral.acknowledge.urgent": "ordinary"}
    live = content(written.connection)
    written.rebuilt()
    assert content(written.connection) == live


def test_the_attribution_must_be_in_force_when_the_duty_begins(written: Written) -> None:
    """The patient changes the payer between the request and the discharge of the day."""
    written.tell(OF_PLAN, told(AttributionEnded, "10:00", 6, until=Moment(at=at("12:00"))))
    assert written.sources() == {
        "referral.acknowledge.urgent": "plan",
        "transition.contact": "ordinary",
        "contact": "ordinary",
    }


def test_an_old_known_at_has_the_payer_that_was_known(written: Written) -> None:
    before = len(written.log.events)
    known = written.tell(OF_PLAN)
    written.tell(told(AttributionEnded, "10:00", 6, until=Moment(at=at("00:00"))))
    assert written.sources() == everywhere("ordinary")
    assert written.sources(written.past(known=known)) == everywhere("plan")
    assert written.sources(written.past(known=before)) == everywhere("ordinary")


def test_an_attribution_that_was_told_later_counts_as_of_its_period(written: Written) -> None:
    before = len(written.log.events)
    written.tell(OF_PLAN)
    assert written.sources(written.past(as_of=at("00:00", 1))) == everywhere("plan")
    then = written.past(as_of=at("00:00", 1), known=before)
    assert written.sources(then) == everywhere("ordinary")


def test_records_that_merge_have_the_payer_of_either(written: Written) -> None:
    written.tell(OF_PLAN)
    assert set(written.sources(number="2").values()) == {"ordinary"}
    written.tell(stated("A40", "16:00", number="2", visit="", retires="1"))
    assert set(written.sources(number="2").values()) == {"plan"}
    owed = written.connection.execute("select duty, source from proj.duty").fetchall()
    assert owed == [("referral.acknowledge.urgent", "plan")] * 2
