"""The transitions of a patient as JSON: as of one instant, as known at another."""

from collections.abc import Iterator, Mapping
from secrets import token_hex

import pytest

from caretrail.reading.contract import timeline_json
from caretrail.reading.members import Json
from caretrail.reading.transitions import read_transitions, transition_json
from domain.decider import StreamEvent
from domain.ids import EventId, StatementRef, StreamId
from domain.interpretation import interpret
from domain.transition.events import TransitionContactMade, TransitionEvent
from tests import servers
from tests.domain.interpretation.statements import adt
from tests.domain.transition.given import PROTOCOLS, act, on, stay, utc
from tests.region import Voice
from tests.stories.installation import Installation, installation

STAY = stay("2026-02-26 09:00", "2026-03-02 15:00", canonical="home")
CALL: TransitionEvent = act(TransitionContactMade, STAY[1], "2026-03-03 14:00")
CANCEL = adt("A13", on("2026-03-02 16:00"))


def shown(
    *statements: object,
    as_of: str | None = None,
    now: str = "2026-03-10 12:00",
    call: TransitionEvent | None = CALL,
    former_refs: Mapping[StatementRef, StatementRef] | None = None,
) -> list[Json]:
    (patient,) = interpret(statements or STAY)  # type: ignore[arg-type]  # statements
    streams = {StreamId("t1"): [StreamEvent(EventId("e1"), 1, call)]} if call else {}
    return [
        transition_json(each)
        for each in read_transitions(
            patient,
            streams,
            PROTOCOLS,
            as_of=utc(as_of) if as_of else None,
            now=utc(now),
            former_refs=former_refs or {},
        )
    ]


def test_a_transition_says_what_is_owed_and_what_was_done() -> None:
    (found,) = shown()
    assert (found["state"], found["kind"], found["disposition"]) == ("open", "home", "home")
    assert (found["disposition_as_sent"], found["discharged_at"]) == ("01", "2026-03-02T15:00:00Z")
    assert found["responsible"] == {"organisation": "H1", "person": None, "pool": None}
    information, contact, *_ = found["steps"]
    assert (information["late"], information["due_on"]) == (True, "2026-03-04")
    assert (contact["done_at"], contact["done_by"]) == ("2026-03-03T14:00:00Z", "contact_made")
    assert (contact["done_event_id"], contact["late"]) == ("e1", False)


def test_a_step_that_is_no_longer_owed_is_not_late() -> None:
    back = stay("2026-03-05 09:00", "2026-03-08 09:00", visit="V2")
    (found,) = [
        each
        for each in shown(*STAY, *back, call=None)
        if each["discharged_at"] == "2026-03-02T15:00:00Z"
    ]
    assert found["state"] != "open"
    assert {each["late"] for each in found["steps"]} == {False}


def test_before_the_call_it_is_not_done() -> None:
    (found,) = shown(as_of="2026-03-03 13:00")
    _, contact, *_ = found["steps"]
    assert (contact["done_at"], contact["late"]) == (None, False)


def test_the_window_is_over_for_a_reader_after_it() -> None:
    (found,) = shown(now="2026-04-02 04:00")
    assert (found["state"], found["cause"]) == ("closed", "window_over")
    (before,) = shown(now="2026-04-02 04:00", as_of="2026-04-02 03:59")
    assert before["state"] == "open"


def test_a_former_ref_of_a_statement_finds_the_transition() -> None:
    former = StatementRef("former")
    call = act(TransitionContactMade, STAY[1], "2026-03-03 14:00").model_copy(
        update={"anchor": former}
    )
    (lost,) = shown(call=call)
    assert lost["steps"][1]["done_at"] is None
    (found,) = shown(call=call, former_refs={former: STAY[1].ref})
    assert found["steps"][1]["done_at"] == "2026-03-03T14:00:00Z"


def test_every_member_is_there_if_a_transition_is_withdrawn() -> None:
    (held,), (withdrawn,) = shown(), shown(*STAY, CANCEL)
    assert set(held) == set(withdrawn)
    assert (withdrawn["state"], withdrawn["cause"]) == ("withdrawn", "discharge_cancelled")
    assert (withdrawn["kind"], withdrawn["steps"]) == (None, [])


NGH = Voice("NGH", "1", "Alder^Rowena", "19510602", "F")


@pytest.fixture
def where(
    server: str, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    database = servers.create_database(server, f"transitions_{token_hex(4)}", template_database)
    with installation(database, tmp_path_factory.mktemp("home")) as found:
        yield found


@pytest.mark.postgres
def test_the_timeline_has_the_transitions_known_then(where: Installation) -> None:
    where.hear([NGH.say("A01", "02-16 10:45", place="4W-10", visit="V1", admitted="02-16 10:45")])
    before = where.reader.latest().index
    where.hear([NGH.say("A03", "02-18 10:45", visit="V1", discharged="02-18 10:45")])
    reading = where.reader.patient("NGH|1")
    earlier = where.reader.patient("NGH|1", known_at=before)
    assert reading is not None
    assert earlier is not None
    (found,) = timeline_json(reading)["transitions"]
    assert (found["kind"], found["discharged_at"]) == ("unknown", "2026-02-18T10:45:00Z")
    assert timeline_json(earlier)["transitions"] == []
