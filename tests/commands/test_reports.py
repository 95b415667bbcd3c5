"""Commands that record what other systems say of plans, care teams and medication lists."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from commands.authority import Authority
from commands.care_plan.course import ActivateCarePlan, DraftCarePlan
from commands.care_plan.report import ReportCarePlan
from commands.care_team.report import ReportCareTeam
from commands.command import Command
from commands.decisions import Decisions
from commands.medication_list import RecordMedicationList, ReportMedicationList
from commands.permissions import Role
from domain.decider import StreamEvent
from domain.errors import PlanAlreadyActive, RoleNotAllowed, UnknownStream
from domain.events import OwnEvent
from domain.ids import RecordId, StreamId
from domain.party import Party
from domain.statement import Moment
from infra.clock import new_id
from infra.event_store import CareStore
from tests.facts import NothingKnown, knowing_nothing
from tests.intake_samples import record_of
from tests.referral_samples import caller
from tests.stores import opened

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
NURSE = Party(organisation="GENERAL", person="nurse-1")
RECORD = record_of("1")


class PlansOfPerson(NothingKnown):
    """Knows the plans of one person who may have died."""

    def __init__(self, store: CareStore) -> None:
        self.store = store
        self.plans: list[StreamId] = []
        self.died: datetime | None = None

    @override
    def died_at(self, records: Collection[RecordId]) -> Mapping[RecordId, datetime]:
        return {} if self.died is None else dict.fromkeys(records, self.died)

    @override
    def streams(
        self, record: RecordId, kind: str
    ) -> Mapping[StreamId, Sequence[StreamEvent[OwnEvent]]]:
        plans = self.plans if kind == "care_plan" else []
        return {stream: self.store.streams.read(stream) for stream in plans}


@pytest.fixture
def store(tmp_path: Path, database: str) -> Iterator[CareStore]:
    with opened(database, tmp_path) as (store, _):
        yield store


@pytest.fixture
def facts(store: CareStore) -> PlansOfPerson:
    return PlansOfPerson(store)


@pytest.fixture
def decisions(store: CareStore, facts: PlansOfPerson) -> Decisions:
    return replace(knowing_nothing(store.streams, now=lambda: NOW), facts=facts)


def drafted(decisions: Decisions, facts: PlansOfPerson) -> StreamId:
    stream = StreamId(new_id())
    draft = DraftCarePlan(
        stream=stream,
        record=RECORD,
        category="disease",
        responsible=NURSE,
        happened_at=Moment(at=NOW - timedelta(hours=2)),
    )
    decisions.record(draft, caller())
    facts.plans.append(stream)
    return stream


def of_person(command: type[Command], decisions: Decisions, **members: Any) -> Any:
    about = {"record": RECORD, **members}
    stream = command.stream_of(decisions.id_key, about)
    return command.model_validate({"stream": stream, **about})


def test_a_reported_plan_is_warned_about_if_another_one_is_active(
    decisions: Decisions, facts: PlansOfPerson
) -> None:
    one, other = drafted(decisions, facts), drafted(decisions, facts)
    earlier = Moment(at=NOW - timedelta(hours=1))
    active = ReportCarePlan(stream=one, partner="HARBOR", claim="active", happened_at=earlier)
    assert decisions.record(active, caller()).warnings == ()
    assert decisions.record(active, caller()).events == ()
    outcome = decisions.record(active.model_copy(update={"stream": other}), caller())
    assert (len(outcome.events), outcome.warnings) == (1, ("plan_already_active",))
    held = ReportCarePlan(stream=other, partner="HARBOR", claim="held")
    assert decisions.record(held, caller()).warnings == ()


def test_a_report_about_a_plan_that_does_not_exist_is_refused(decisions: Decisions) -> None:
    unknown = ReportCarePlan(stream=StreamId(new_id()), partner="HARBOR", claim="active")
    with pytest.raises(UnknownStream):
        decisions.record(unknown, caller())


def test_a_report_is_kept_after_a_death_and_without_any_earlier_event(
    decisions: Decisions, facts: PlansOfPerson
) -> None:
    facts.died = NOW - timedelta(hours=1)
    told = of_person(
        ReportMedicationList, decisions, partner="HARBOR", at_point="visit", role="nurse"
    )
    outcome = decisions.record(told, caller())
    assert [each.topic for each in outcome.events] == ["medication_list.reported.v1"]
    assert (decisions.record(told, caller()).events, outcome.warnings) == ((), ())
    left = of_person(ReportCareTeam, decisions, partner="HARBOR", claim="member_left", member="m-1")
    assert len(decisions.record(left, caller()).events) == 1


def test_a_role_that_does_not_count_is_warned_about(decisions: Decisions) -> None:
    decisions.record(of_person(RecordMedicationList, decisions, by=NURSE, source="home"), caller())
    told = of_person(ReportMedicationList, decisions, partner="HARBOR", at_point="visit")
    assert decisions.record(told, caller()).warnings == ("role_may_not_reconcile",)


@pytest.mark.parametrize(
    ("role", "plan", "team"),
    [(Role.CLINICIAN, True, True), (Role.COORDINATOR, False, True), (Role.PUBLISHER, False, False)],
)
def test_who_may_decide_may_record_what_another_system_says(
    decisions: Decisions, facts: PlansOfPerson, role: Role, *, plan: bool, team: bool
) -> None:
    stream = drafted(decisions, facts)
    authority = Authority(roles=(role,), organisations=frozenset({"HARBOR"}))
    person = replace(caller(), authority=authority)
    of_plan = ReportCarePlan(stream=stream, partner="HARBOR", claim="revoked")
    lists = of_person(ReportMedicationList, decisions, partner="HARBOR", at_point="visit")
    joined = of_person(
        ReportCareTeam, decisions, partner="HARBOR", claim="member_joined", member="m-1"
    )
    for command, allowed in ((of_plan, plan), (lists, plan), (joined, team)):
        if allowed:
            assert decisions.record(command, person).events
        else:
            with pytest.raises(RoleNotAllowed):
                decisions.record(command, person)


def test_our_people_activate_no_plan_beside_one_that_is_reported_as_active(
    decisions: Decisions, facts: PlansOfPerson
) -> None:
    one, other = drafted(decisions, facts), drafted(decisions, facts)
    decisions.record(ReportCarePlan(stream=one, partner="HARBOR", claim="active"), caller())
    with pytest.raises(PlanAlreadyActive):
        decisions.record(ActivateCarePlan(stream=other, by=NURSE), caller())
