"""A command that differs from an earlier one only in what is sealed, for every kind of stream."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from commands.attribution import AttributePatient, EndAttribution
from commands.care_plan.course import ActivateCarePlan, DraftCarePlan
from commands.care_plan.parts import SetGoal
from commands.care_team.coordination import AssignCoordinator, HandOver
from commands.care_team.members import ChangeMemberRole, JoinCareTeam
from commands.command import Command
from commands.decisions import Decisions
from commands.medication_list import (
    FindDiscrepancy,
    ReconcileMedications,
    RecordMedicationList,
    ResolveDiscrepancy,
)
from commands.referral.answer import AcceptReferral
from commands.referral.close import CloseReferral, VoidReferralEvent
from commands.referral.outcome import SendInterimNote
from commands.referral.request import RequestReferral
from commands.referral.visit import RecordReferralContact
from domain.errors import (
    AlreadyClosed,
    AlreadyMember,
    DiscrepancyUnknown,
    DomainError,
    HandoverStillOpen,
    MoveNotAllowed,
    NotAttributed,
)
from domain.ids import StreamId
from tests.facts import knowing_nothing
from tests.intake_samples import record_of
from tests.referral_samples import HEART, WARD, caller
from tests.stores import opened

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
STREAM = "01990000-0000-8000-8000-000000000001"
RECORD = record_of("1")
BY = {"by": WARD}

REQUEST = RequestReferral.model_validate(
    {"stream": STREAM, "record": RECORD, "requester": WARD, "target": HEART}
)
ACCEPT = AcceptReferral.model_validate({"stream": STREAM, "by": HEART})
CLOSE = CloseReferral.model_validate(
    {"stream": STREAM, "acknowledged_by": WARD, "outcome": {"how": "fax"}}
)
DRAFT = DraftCarePlan.model_validate(
    {"stream": STREAM, "record": RECORD, "category": "transition", "responsible": WARD}
)
JOIN, SECOND = (
    JoinCareTeam.model_validate(
        {"stream": STREAM, "record": RECORD, "member": member, "role": "nurse"}
    )
    for member in ("dr-ward", "dr-heart")
)
ASSIGN = AssignCoordinator.model_validate({"stream": STREAM, "record": RECORD, "member": "dr-ward"})
LIST = RecordMedicationList.model_validate(
    {"stream": STREAM, "record": RECORD, "source": "home", **BY}
)
FOUND = FindDiscrepancy.model_validate({"stream": STREAM, "record": RECORD, "kind": "dose", **BY})
ATTRIBUTE = AttributePatient.model_validate(
    {
        "stream": STREAM,
        "record": RECORD,
        "target_kind": "practice",
        "target": "ELM",
        "since": datetime(2026, 1, 1, tzinfo=UTC),
    }
)


@dataclass(frozen=True)
class TextCase:
    """Two commands that differ only in what they seal.

    ``refused`` is why the second one is refused; None: it is another fact.
    """

    before: Sequence[Command]
    command: type[Command]
    facts: Mapping[str, Any]
    texts: tuple[Any, Any] = ("He asked twice.", "He asked again.")
    member: str = "note"
    refused: type[DomainError] | None = None

    def commands(self) -> tuple[Command, Command]:
        """Return the two commands."""
        one, other = (
            self.command.model_validate({"stream": STREAM, **self.facts, self.member: text})
            for text in self.texts
        )
        return one, other


OF_PERSON = {"record": RECORD}
ITEMS = ([{"name": "Metoprolol", "dose": "25 mg"}], [{"name": "Metoprolol", "dose": "50 mg"}])
DECISIONS = (
    [{"action": "new", "medicine": ITEMS[0][0]}],
    [{"action": "new", "medicine": ITEMS[1][0]}],
)
CASES = {
    "referral question": TextCase(
        (), RequestReferral, {"record": RECORD, "requester": WARD, "target": HEART},
        member="question", refused=MoveNotAllowed,
    ),
    "referral answer": TextCase(
        (REQUEST,), AcceptReferral, {"by": HEART}, refused=MoveNotAllowed
    ),
    "referral contact": TextCase(
        (REQUEST,), RecordReferralContact, {"how": "telephone", "result": "no_answer", **BY}
    ),
    "referral findings": TextCase(
        (REQUEST, ACCEPT), SendInterimNote, {"by": HEART}, member="findings"
    ),
    "referral closing": TextCase(
        (REQUEST, ACCEPT),
        CloseReferral,
        {"acknowledged_by": WARD, "outcome": {"how": "fax"}},
        refused=AlreadyClosed,
    ),
    "care plan goal": TextCase((DRAFT,), SetGoal, {"owner": "patient", **BY}, member="words"),
    "care plan target": TextCase(
        (DRAFT,), SetGoal, {"owner": "clinician", **BY},
        texts=({"measure": "weight", "value": "80"}, {"measure": "weight", "value": "75"}),
        member="target",
    ),
    "care plan activation": TextCase((DRAFT,), ActivateCarePlan, BY, refused=MoveNotAllowed),
    "team member": TextCase(
        (), JoinCareTeam, {**OF_PERSON, "member": "son", "role": "proxy"},
        member="telephone", refused=AlreadyMember,
    ),
    "team role": TextCase(
        (JOIN,), ChangeMemberRole, {**OF_PERSON, "member": "dr-ward", "role": "nurse"}
    ),
    "team coordinator": TextCase(
        (JOIN, ASSIGN), AssignCoordinator, {**OF_PERSON, "member": "dr-ward"}
    ),
    "team handover": TextCase(
        (JOIN, SECOND, ASSIGN), HandOver,
        {**OF_PERSON, "from_member": "dr-ward", "to_member": "dr-heart"},
        refused=HandoverStillOpen,
    ),
    "medication items": TextCase(
        (), RecordMedicationList, {**OF_PERSON, "source": "home", **BY}, ITEMS, "items"
    ),
    "medication decisions": TextCase(
        (LIST,), ReconcileMedications,
        {**OF_PERSON, "at_point": "visit", "role": "nurse", "compared": ["l1"], **BY},
        DECISIONS, "decisions",
    ),
    "medication discrepancy": TextCase(
        (LIST,), FindDiscrepancy, {**OF_PERSON, "kind": "route", **BY}
    ),
    "medication resolution": TextCase(
        (LIST, FOUND), ResolveDiscrepancy,
        {**OF_PERSON, "discrepancy_id": "d1", "how": "no_change", **BY},
        refused=DiscrepancyUnknown,
    ),
    "attribution": TextCase(
        (), AttributePatient,
        {
            **OF_PERSON, "target_kind": "practice", "target": "ELM",
            "since": datetime(2026, 1, 1, tzinfo=UTC),
        },
    ),
    "attribution end": TextCase(
        (ATTRIBUTE,), EndAttribution,
        {
            **OF_PERSON, "target_kind": "practice", "target": "ELM",
            "until": datetime(2026, 3, 1, tzinfo=UTC),
        },
        refused=NotAttributed,
    ),
}  # fmt: skip


@pytest.fixture
def decisions(database: str, tmp_path: Path) -> Iterator[Decisions]:
    with opened(database, tmp_path) as (store, _):
        yield knowing_nothing(store.streams, now=lambda: NOW)


def recorded(decisions: Decisions, *commands: Command) -> list[int]:
    """Give commands; return how many events each of them recorded."""
    return [len(decisions.record(each, caller()).events) for each in commands]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_another_text_is_another_fact_or_is_refused(decisions: Decisions, case: TextCase) -> None:
    recorded(decisions, *case.before)
    one, other = case.commands()
    assert recorded(decisions, one)[0] > 0
    assert recorded(decisions, one) == [0]
    if case.refused is None:
        assert recorded(decisions, other, other) == [1, 0]
    else:
        with pytest.raises(case.refused):
            decisions.record(other, caller())
    contents = [each.event.content_ref for each in decisions.streams.read(StreamId(STREAM))]
    added = contents[-2:] if case.refused is None else contents[-1:]
    assert None not in added
    assert len(set(added)) == len(added)


def test_a_text_that_is_added_to_an_error_mark_is_kept(decisions: Decisions) -> None:
    outcome = decisions.record(REQUEST, caller())
    marks = [
        VoidReferralEvent.model_validate(
            {
                "stream": STREAM, "event_id": outcome.events[0].event_id,
                "reason_code": "wrong_patient", "note": note,
            }
        )
        for note in ("", "", "It was his brother.", "It was his brother.", "")
    ]  # fmt: skip
    assert recorded(decisions, *marks) == [1, 0, 1, 0, 0]


def test_a_fact_with_nothing_sealed_has_no_content(decisions: Decisions) -> None:
    recorded(decisions, REQUEST, ACCEPT, CLOSE)
    assert {each.event.content_ref for each in decisions.streams.read(StreamId(STREAM))} == {None}


def test_equal_texts_of_two_streams_cannot_be_told_from_others(decisions: Decisions) -> None:
    contents = set()
    for stream in (STREAM, STREAM.replace("1", "2")):
        request = REQUEST.model_copy(update={"stream": StreamId(stream), "question": "Pacemaker?"})
        decisions.record(request, caller())
        contents |= {each.event.content_ref for each in decisions.streams.read(StreamId(stream))}
    assert len(contents) == 2
