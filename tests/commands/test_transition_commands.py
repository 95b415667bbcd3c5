"""What commands after a discharge ask beside the stream: the encounter, and its other anchors."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from commands.catalogue import COMMANDS
from commands.command import Command
from commands.decisions import Decisions
from commands.permissions import Permission
from commands.ports.facts import KnownEncounter
from commands.ports.streams import CommandOutcome
from commands.transition.act import EncounterCommand, TransitionCommand
from commands.transition.contact import AttemptContact, RecordPatientContact
from commands.transition.information import SendDischargeInformation
from commands.transition.report import ReportTransition
from commands.transition.steps import CompleteReconciliation, DeclineFollowUp, WaiveStep
from domain.decider import StreamEvent, fold
from domain.errors import (
    AnchorUnknown,
    DomainError,
    NotInteractive,
    PatientDeceased,
    StepUnknown,
    TransitionNotOpen,
    UnknownEvent,
    UnknownStream,
)
from domain.events import OwnEvent
from domain.ids import EncounterId, PatientId, RecordId, StatementRef, StreamId
from domain.statement import Moment
from domain.transition import stream
from domain.transition.events import TransitionContactAttempted
from domain.transition.stream import ActedOn
from infra.event_store import CareStore
from tests.facts import NothingKnown, knowing_nothing
from tests.intake_samples import record_of
from tests.referral_samples import caller
from tests.stores import opened

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
ADMISSION = StatementRef("01990000-0000-8000-8000-000000000001")
DISCHARGE = StatementRef("01990000-0000-8000-8000-000000000002")
OTHER_VISIT = StatementRef("01990000-0000-8000-8000-000000000003")


class DischargeFacts(NothingKnown):
    """Knows one person, who was discharged from the first of two encounters."""

    def __init__(self, store: CareStore) -> None:
        self.store = store
        self.died: datetime | None = None
        self.discharged = True

    @override
    def died_at(self, records: Collection[RecordId]) -> Mapping[RecordId, datetime]:
        return {} if self.died is None else dict.fromkeys(records, self.died)

    @override
    def encounter(self, ref: StatementRef) -> KnownEncounter | None:
        of = {ADMISSION: ADMISSION, DISCHARGE: ADMISSION, OTHER_VISIT: OTHER_VISIT}.get(ref)
        if of is None:
            return None
        return KnownEncounter(
            encounter_id=EncounterId(of), patient_id=PatientId(record_of("1")),
            record=record_of("1"), mode="P", facility="MERCY", class_code="IMP", start=None,
            end=None, end_inferred=False, cancelled=False, disposition_code="home",
        )  # fmt: skip

    @override
    def transition(self, ref: StatementRef) -> ActedOn | None:
        if not self.discharged:
            return None
        return ActedOn(discharge_at=NOW - timedelta(days=2), steps=frozenset({"contact"}))

    @override
    def streams(
        self, record: RecordId, kind: str
    ) -> Mapping[StreamId, Sequence[StreamEvent[OwnEvent]]]:
        ids = knowing_nothing(self.store.streams, now=lambda: NOW).id_key
        named = [stream.stream_of_anchor(ids, each) for each in (ADMISSION, DISCHARGE, OTHER_VISIT)]
        found = {each: self.store.streams.read(each) for each in named}
        return {each: events for each, events in found.items() if events and kind == "transition"}


@pytest.fixture
def store(tmp_path: Path, database: str) -> Iterator[CareStore]:
    with opened(database, tmp_path) as (store, _):
        yield store


@pytest.fixture
def facts(store: CareStore) -> DischargeFacts:
    return DischargeFacts(store)


@pytest.fixture
def decisions(store: CareStore, facts: DischargeFacts) -> Decisions:
    return replace(knowing_nothing(store.streams, now=lambda: NOW), facts=facts)


def command(
    decisions: Decisions,
    shape: type[TransitionCommand],
    encounter: StatementRef = DISCHARGE,
    **more: Any,
) -> TransitionCommand:
    members = {"encounter": encounter, "by": {"organisation": "MERCY", "person": "nurse"}, **more}
    return shape.model_validate({"stream": shape.stream_of(decisions.id_key, members), **members})


def attempt(decisions: Decisions, encounter: StatementRef = DISCHARGE, **more: Any) -> Command:
    return command(decisions, AttemptContact, encounter, result="no_answer", **more)


def refused(decisions: Decisions, one: Command) -> DomainError:
    with pytest.raises(DomainError) as found:
        decisions.record(one, caller())
    return found.value


def test_the_event_names_the_statement_of_the_caller_and_the_record_of_the_encounter(
    decisions: Decisions, store: CareStore
) -> None:
    outcome = decisions.record(attempt(decisions, note="daughter calls back"), caller())
    (recorded,) = store.streams.read(outcome.stream)
    event = recorded.event
    assert isinstance(event, TransitionContactAttempted)
    assert (event.anchor, event.record) == (DISCHARGE, record_of("1"))
    assert event.content_ref is not None
    assert "daughter" not in event.model_dump_json()


def test_the_same_call_under_another_statement_of_the_encounter_is_recorded_once(
    decisions: Decisions,
) -> None:
    assert decisions.record(attempt(decisions), caller()).events
    assert not decisions.record(attempt(decisions, ADMISSION), caller()).events
    assert decisions.record(attempt(decisions, OTHER_VISIT), caller()).events


def test_a_statement_of_no_known_encounter_is_refused(decisions: Decisions) -> None:
    unknown = StatementRef("01990000-0000-8000-8000-00000000000f")
    assert isinstance(refused(decisions, attempt(decisions, unknown)), AnchorUnknown)


def test_a_command_does_not_choose_another_stream(decisions: Decisions) -> None:
    other = attempt(decisions, ADMISSION).stream
    one = attempt(decisions).model_copy(update={"stream": other})
    assert isinstance(refused(decisions, one), UnknownStream)


def test_a_patient_who_is_not_discharged_has_no_transition(
    decisions: Decisions, facts: DischargeFacts
) -> None:
    facts.discharged = False
    assert isinstance(refused(decisions, attempt(decisions)), TransitionNotOpen)


def test_a_message_that_was_left_is_no_contact(decisions: Decisions) -> None:
    left = command(decisions, RecordPatientContact, interactive=False)
    assert isinstance(refused(decisions, left), NotInteractive)
    assert decisions.record(command(decisions, RecordPatientContact), caller()).events


def test_a_step_of_another_kind_of_transition_is_not_waived(decisions: Decisions) -> None:
    waived = command(decisions, WaiveStep, step="arrival", reason="not_needed")
    assert isinstance(refused(decisions, waived), StepUnknown)
    assert WaiveStep.PERMISSION is Permission.JUDGE


def test_a_reconciliation_names_an_event_of_the_medication_lists(decisions: Decisions) -> None:
    elsewhere = command(decisions, CompleteReconciliation)
    assert decisions.record(elsewhere, caller()).events
    event = "01990000-0000-7000-8000-00000000000e"
    named = command(decisions, CompleteReconciliation, reconciliation=event)
    assert isinstance(refused(decisions, named), UnknownEvent)


def test_after_a_death_documents_pass_and_nobody_is_called(
    decisions: Decisions, facts: DischargeFacts
) -> None:
    facts.died = NOW - timedelta(hours=1)
    assert isinstance(refused(decisions, attempt(decisions)), PatientDeceased)
    sent = command(decisions, SendDischargeInformation, elements=["medications"])
    assert decisions.record(sent, caller()).events


def test_a_report_is_kept_although_the_patient_declined_and_died(
    decisions: Decisions, facts: DischargeFacts, store: CareStore
) -> None:
    earlier = Moment(at=NOW - timedelta(hours=2))
    decisions.record(command(decisions, DeclineFollowUp, happened_at=earlier), caller())
    facts.died = NOW - timedelta(hours=1)

    def reported(encounter: StatementRef, **more: Any) -> CommandOutcome:
        members = {"encounter": encounter, "partner": "HARBOR", "claim": "arrival_confirmed"}
        name = ReportTransition.stream_of(decisions.id_key, members)
        given = ReportTransition.model_validate({"stream": name, **members, **more})
        return decisions.record(given, caller())

    assert len(reported(DISCHARGE).events) == 1
    assert reported(DISCHARGE).events == ()
    # The same report under another statement of the encounter is the same.
    assert reported(ADMISSION, happened_at=Moment(at=NOW)).events == ()
    history = stream.KIND.history(
        StreamId(""), store.streams.read(stream.stream_of_anchor(decisions.id_key, DISCHARGE))
    )
    assert len(fold(stream.TRANSITION, history).not_legal) == 1


def test_every_command_records_the_event_that_it_names() -> None:
    of_kind = [
        each for each in COMMANDS if each.KIND is stream.KIND and issubclass(each, EncounterCommand)
    ]
    recorded = {each.EVENT for each in of_kind}
    assert recorded == set(stream.KIND.events) - {stream.KIND.error_mark}
    for each in of_kind:
        frame = {"stream", "encounter", "note", "number", "happened_at"}
        given = set(each.model_fields) - frame
        assert given <= set(each.EVENT.model_fields), each
