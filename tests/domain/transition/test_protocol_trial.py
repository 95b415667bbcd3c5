"""A protocol that is tried on past discharges."""

from collections.abc import Sequence
from datetime import datetime

from domain.attribution import NO_ATTRIBUTIONS, Attributions
from domain.decider import StreamEvent
from domain.ids import EventId
from domain.interpretation import interpret
from domain.rules import parse_protocol
from domain.statement import Statement
from domain.transition.events import (
    TransitionContactMade,
    TransitionEvent,
    TransitionStepWaived,
)
from domain.transition.protocol_trial import ProtocolTrial, StepOfKind, TriedStep
from tests.domain.interpretation.statements import adt
from tests.domain.transition.given import (
    CONTENT,
    PROTOCOLS,
    act,
    encounter,
    of_payer,
    on,
    stay,
    utc,
)

STAY = stay("2026-02-26 09:00", "2026-03-02 15:00")
ADMISSION, DISCHARGE = STAY
CALL = act(TransitionContactMade, DISCHARGE, "2026-03-04 16:00")
CONTACT = StepOfKind("home", "contact")
#: The default protocol, but the patient is to be called on the next business day.
STRICT = CONTENT.replace('code = "contact", within = "2 bd"', 'code = "contact", within = "1 bd"')


def tried(
    content: str,
    statements: Sequence[Statement],
    *acts: TransitionEvent,
    at: str = "2026-04-20 00:00",
    since: datetime | None = None,
    attributions: Attributions = NO_ATTRIBUTIONS,
) -> tuple[ProtocolTrial, list[TriedStep]]:
    """Return the trial of a protocol beside the default one, and the steps that differ."""
    (patient,) = interpret(statements)
    applied = [StreamEvent(EventId(f"e{n}"), n, event) for n, event in enumerate(acts, 1)]
    trial = ProtocolTrial(parse_protocol(content), since, utc(at))
    differing = trial.add(
        patient.encounters,
        death=patient.death,
        events={encounter(ADMISSION): applied} if applied else {},
        protocols=PROTOCOLS,
        attributions=attributions,
    )
    return trial, list(differing)


def test_a_shorter_time_makes_a_call_late_that_was_in_time() -> None:
    trial, differing = tried(STRICT, STAY, CALL)
    assert trial.before.steps[CONTACT] == {"in_time": 1}
    assert trial.after.steps[CONTACT] == {"late": 1}
    (contact,) = differing
    assert (contact.encounter_id, contact.of) == (encounter(ADMISSION), CONTACT)
    assert (contact.before, contact.after) == ("in_time", "late")


def test_a_step_that_is_not_done_is_overdue_or_not_yet_due_at_the_instant_of_the_trial() -> None:
    # 4 March 2026 has ended in New York, 2 March 2026 + 7 d has not.
    trial, _ = tried(CONTENT, STAY, at="2026-03-05 06:00")
    assert trial.before.steps[CONTACT] == {"overdue": 1}
    assert trial.before.steps[StepOfKind("home", "visit")] == {"not_yet_due": 1}
    before_the_call, _ = tried(CONTENT, STAY, CALL, at="2026-03-04 15:59")
    assert before_the_call.before.steps[CONTACT] == {"not_yet_due": 1}


def test_a_step_that_was_waived_or_ended_is_neither_late_nor_overdue() -> None:
    waiver = act(TransitionStepWaived, DISCHARGE, "2026-03-03 14:00", step="contact", reason="x")
    waived, _ = tried(STRICT, STAY, waiver)
    assert waived.after.steps[CONTACT] == {"waived": 1}
    died = adt("A08", on("2026-03-03 10:00"), deceased=True, died=on("2026-03-03 09:00"))
    ended, _ = tried(STRICT, [*STAY, died])
    assert ended.after.steps[CONTACT] == {"ended": 1}


def test_a_step_that_the_proposed_protocol_does_not_have_is_named() -> None:
    none = (
        'name = "none"\nzone = "America/New_York"\nduties = {}\n[kinds.home]\ndispositions = ["01"]'
    )
    trial, differing = tried(none, STAY)
    assert trial.after.transitions == {"home": 1}
    assert trial.after.steps == {}
    assert {each.after for each in differing} == {None}
    assert CONTACT in {each.of for each in differing}


def test_discharges_before_since_and_after_the_instant_are_left_out() -> None:
    early, _ = tried(STRICT, STAY, since=utc("2026-03-02 15:01"))
    assert early.before.transitions == early.after.transitions == {}
    late, _ = tried(STRICT, STAY, at="2026-03-02 14:59")
    assert late.before.transitions == {}


def test_the_lines_of_the_payer_of_the_patient_are_tried() -> None:
    lines = """
[lines.strict]
payers = ["PLAN-A"]
[lines.strict.steps.home]
contact = { within = "1 bd", source = "strict" }
"""

    trial, differing = tried(
        CONTENT + lines, STAY, CALL, attributions=of_payer("PLAN-A", "2026-01-01 00:00")
    )
    assert trial.after.steps[CONTACT] == {"late": 1}
    assert [each.of for each in differing] == [CONTACT]
    for some in (NO_ATTRIBUTIONS, of_payer("PLAN-A", "2026-03-03 00:00")):
        trial, differing = tried(CONTENT + lines, STAY, CALL, attributions=some)
        assert trial.after.steps[CONTACT] == {"in_time": 1}
        assert differing == []
