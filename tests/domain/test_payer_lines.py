"""Lines of a protocol for the patients of payers and programmes."""

from datetime import date, timedelta
from typing import Any

import pytest

from domain.attribution import ATTRIBUTION, Attributed, AttributionEvent, Attributions
from domain.decider import fold
from domain.errors import ProtocolInvalid
from domain.ids import DEVELOPMENT_KEY, IdKey, StreamId
from domain.referral_duties import duties
from domain.rules import Protocol, Protocols, PublishedProtocol, parse_protocol
from tests.domain.referral_facts import told
from tests.domain.scenario import NOW, at, history_of

RECORD = IdKey(DEVELOPMENT_KEY).record("GENERAL", "1", "P")
FILE = """
name = "test"
zone = "UTC"

[duties]
"referral.acknowledge.routine" = { within = "3 d", source = "ordinary" }
"referral.appointment.routine" = { within = "7 d", source = "ordinary" }

[kinds.home]
dispositions = ["01"]
steps = [
    { code = "contact", within = "2 bd", done_by = ["contact_made"], source = "ordinary" },
    { code = "visit", within = "14 d", done_by = ["follow_up_completed"], source = "ordinary" },
]

[lines.quick]
payers = ["PLAN-A", "PLAN-B"]
[lines.quick.duties]
"referral.acknowledge.routine" = { within = "1 d", source = "quick", urgent = true }
"referral.appointment.routine" = { within = "2 d", source = "quick" }

[lines.chronic]
programmes = ["CCM"]
[lines.chronic.duties]
"referral.acknowledge.routine" = { within = "2 d", source = "chronic" }
"care_team.handover" = { within = "1 d", source = "chronic" }
[lines.chronic.steps.home]
contact = { within = "1 d", source = "chronic" }
"""
PROTOCOL = parse_protocol(FILE)
EARLY = NOW - timedelta(days=400)


def attributed(
    target: str, since: float = -9_000, until: float | None = None, **more: Any
) -> Attributed:
    return Attributed.model_validate(
        {
            "record": RECORD, "happened_at": at(0), "target_kind": "payer", "target": target,
            "since": at(since), "until": None if until is None else at(until), **more,
        }
    )  # fmt: skip


def attributions(*events: AttributionEvent) -> Attributions:
    return fold(ATTRIBUTION, history_of(events)).state


def published(*events: AttributionEvent) -> Protocols:
    """Return the protocols for a patient who is attributed like this."""
    return Protocols.of([PublishedProtocol(None, PROTOCOL)]).of_patient(attributions(*events))


def source(protocol: Protocol, code: str = "referral.acknowledge.routine") -> str | None:
    due = protocol.due(code, NOW, "UTC")
    return due.source if due else None


CCM = attributed("CCM", target_kind="programme")


@pytest.mark.parametrize(
    ("told_of", "expected"),
    [
        ([], "ordinary"),
        ([attributed("PLAN-A")], "quick"),
        ([attributed("PLAN-B")], "quick"),
        ([attributed("PLAN-C")], "ordinary"),
        ([attributed("PLAN-A", target_kind="practice")], "ordinary"),
        ([attributed("PLAN-A", target_kind="programme")], "ordinary"),
        ([CCM], "chronic"),
        ([attributed("CCM")], "ordinary"),
    ],
)
def test_the_payer_or_programme_of_the_patient_chooses_the_line(
    told_of: list[Attributed], expected: str
) -> None:
    assert source(published(*told_of).at(NOW)) == expected


def test_a_line_of_a_payer_gives_the_time_the_source_and_whether_it_is_urgent() -> None:
    due = published(attributed("PLAN-A")).at(NOW).due("referral.acknowledge.routine", NOW, "UTC")
    assert due is not None
    assert (due.on, due.source, due.urgent) == (date(2026, 3, 11), "quick", True)
    assert due.version == PROTOCOL.version


def test_what_the_lines_do_not_name_stays_ordinary_and_what_they_add_is_owed() -> None:
    protocol = published(CCM).at(NOW)
    assert source(protocol, "referral.appointment.routine") == "ordinary"
    assert source(protocol, "care_team.handover") == "chronic"
    assert source(published().at(NOW), "care_team.handover") is None


@pytest.mark.parametrize("programme_first", [True, False])
def test_of_two_the_attribution_that_precedes_decides(*, programme_first: bool) -> None:
    """A command precedes a roster, whichever was told first."""
    roster: dict[str, Any] = {"source": "roster", "roster": "r1"}
    plan = attributed("PLAN-A", **({} if not programme_first else roster))
    programme = attributed(
        "CCM", target_kind="programme", **(roster if not programme_first else {})
    )
    for events in ((plan, programme), (programme, plan)):
        protocol = published(*events).at(NOW)
        assert source(protocol) == ("chronic" if programme_first else "quick")
        assert source(protocol, "referral.appointment.routine") == "quick"


def test_a_step_gets_another_time_and_is_done_by_the_same() -> None:
    ordinary, chosen = PROTOCOL.kinds["home"].steps, published(CCM).at(NOW).kinds["home"].steps
    assert [(each.within, each.source) for each in chosen] == [
        ("1 d", "chronic"),
        ("14 d", "ordinary"),
    ]
    assert [(each.code, each.done_by) for each in chosen] == [
        (each.code, each.done_by) for each in ordinary
    ]


@pytest.mark.parametrize(
    ("hours", "expected"), [(-1, "ordinary"), (0, "quick"), (5, "quick"), (6, "ordinary")]
)
def test_the_attribution_in_force_when_the_duty_begins_counts(hours: float, expected: str) -> None:
    some = published(attributed("PLAN-A", 0, 6))
    assert source(some.at(at(hours).at)) == expected
    assert source(some.at(EARLY, begins=at(hours).at)) == expected


def test_each_duty_of_a_referral_has_the_payer_of_the_instant_at_which_it_begins() -> None:
    """The payer changes between the request and the acceptance, one hour later."""
    changed = published(attributed("PLAN-A", -89.5))
    found = duties(StreamId("r"), told("requested", "accepted"), changed)
    assert {each.code: each.source for each in found} == {
        "referral.acknowledge.routine": "ordinary",
        "referral.appointment.routine": "quick",
    }


def test_a_protocol_without_lines_is_the_same_for_each_patient() -> None:
    plain = parse_protocol(FILE.partition("[lines.quick]")[0])
    some = Protocols.of([PublishedProtocol(None, plain)]).of_patient(attributions(CCM))
    assert some.at(NOW) is plain
    assert not some.have_lines
    assert published().have_lines


def added(text: str) -> str:
    return FILE + text


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        (added('[lines.more]\npayers = ["PLAN-B"]'), "lines.more.payers: PLAN-B is also in quick"),
        (added("[lines.none]"), "lines.none: it names no payer and no programme"),
        (
            FILE.replace("contact = {", "call = {"),
            "lines.chronic.steps.home.call: the protocol has",
        ),
        (FILE.replace("steps.home]", "steps.snf]"), "lines.chronic.steps.snf: the protocol has"),
        (added("[lines.quick.steps.snf]"), "lines.quick.steps.snf: the protocol has no such kind"),
        (FILE.replace('within = "1 d"', 'within = "1 w"'), "is not a time limit"),
        (FILE.replace("programmes =", "plans ="), "lines.chronic.plans"),
    ],
)
def test_lines_with_a_mistake_are_refused_with_the_place(file: str, problem: str) -> None:
    with pytest.raises(ProtocolInvalid, match=problem):
        parse_protocol(file)


def test_the_same_code_may_be_a_payer_and_a_programme() -> None:
    protocol = parse_protocol(added('[lines.more]\npayers = ["CCM"]'))
    assert protocol.lines["more"].payers == protocol.lines["chronic"].programmes
