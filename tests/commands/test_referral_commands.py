"""What commands on referrals ask beside the stream: reasons, duplicates, the patient of a visit."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from commands.authority import Authority
from commands.catalogue import COMMANDS
from commands.command import Command
from commands.decisions import Decisions
from commands.organisations import KnownOrganisation, Organisations
from commands.permissions import Role
from commands.ports.facts import KnownEncounter
from commands.referral.answer import AcceptReferral
from commands.referral.report import ReportReferral
from commands.referral.step import ReferralStep
from commands.referral.visit import RecordSeen
from commands.sensitive_codes import SensitiveCodes
from domain import referral
from domain.decider import StreamEvent, fold
from domain.errors import (
    AppointmentNotOfPatient,
    BeforeBirth,
    LikelyDuplicate,
    PatientDeceased,
    RoleNotAllowed,
    UnknownOrganisation,
    UnknownStream,
)
from domain.events import OwnEvent
from domain.ids import EncounterId, PatientId, RecordId, StatementRef, StreamId
from domain.referral import ReferralRequested, category_ref
from domain.statement import Moment
from infra.event_store import CareStore
from tests.facts import NothingKnown, knowing_nothing
from tests.intake_samples import record_of
from tests.referral_samples import HEART, accept, caller, close, request
from tests.stores import opened

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
VISIT = StatementRef("01990000-0000-8000-8000-000000000001")


class PersonFacts(NothingKnown):
    """Knows one person with two source records, and one encounter of the person."""

    def __init__(self, store: CareStore, records: Sequence[RecordId]) -> None:
        self.store = store
        self.records = records
        self.asked: list[StreamId] = []  # the referrals of the person
        self.died: datetime | None = None
        self.born: datetime | None = None

    @override
    def born_at(self, records: Collection[RecordId]) -> Mapping[RecordId, datetime]:
        return {} if self.born is None else dict.fromkeys(records, self.born)

    @override
    def died_at(self, records: Collection[RecordId]) -> Mapping[RecordId, datetime]:
        return {} if self.died is None else dict.fromkeys(records, self.died)

    @override
    def encounter(self, ref: StatementRef) -> KnownEncounter | None:
        return KnownEncounter(
            encounter_id=EncounterId(ref), patient_id=PatientId(self.records[0]),
            record=self.records[1], mode="P", facility="HEART", class_code="AMB", start=NOW,
            end=None, end_inferred=False, cancelled=False, disposition_code="",
        )  # fmt: skip

    @override
    def streams(
        self, record: RecordId, kind: str
    ) -> Mapping[StreamId, Sequence[StreamEvent[OwnEvent]]]:
        if record not in self.records:
            return {}
        return {stream: self.store.streams.read(stream) for stream in self.asked}


@pytest.fixture
def store(tmp_path: Path, database: str) -> Iterator[CareStore]:
    with opened(database, tmp_path) as (store, _):
        yield store


@pytest.fixture
def facts(store: CareStore) -> PersonFacts:
    return PersonFacts(store, [record_of("1"), record_of("2")])


@pytest.fixture
def decisions(store: CareStore, facts: PersonFacts) -> Decisions:
    return replace(knowing_nothing(store.streams, now=lambda: NOW), facts=facts)


def asked(decisions: Decisions, facts: PersonFacts, **members: Any) -> StreamId:
    given = {"specialty": "394579002", "reason_codes": ["I50.9", "E11.9"]}
    outcome = decisions.record(request(**(given | members)), caller())
    facts.asked.append(outcome.stream)
    return outcome.stream


def test_the_reason_is_in_clear_only_as_a_ref_of_its_category(
    decisions: Decisions, facts: PersonFacts, store: CareStore
) -> None:
    (recorded,) = store.streams.read(asked(decisions, facts))
    event = recorded.event
    assert isinstance(event, ReferralRequested)
    assert event.reason_category == category_ref(decisions.id_key, "I50.1")
    assert "I50" not in event.model_dump_json()
    command = request(reason_codes=["I50.9"])
    assert command.clinical() == {"reason_codes": ["I50.9"]}


def test_a_sensitive_specialty_is_sealed(
    decisions: Decisions, facts: PersonFacts, store: CareStore
) -> None:
    (recorded,) = store.streams.read(asked(decisions, facts, sensitive=True))
    assert isinstance(recorded.event, ReferralRequested)
    assert recorded.event.specialty == ""
    sealed = request(specialty="394587001", sensitive=True).clinical()
    assert sealed["specialty"] == "394587001"


def test_an_alias_is_recorded_and_judged_as_the_code_of_its_organisation(
    decisions: Decisions, facts: PersonFacts, store: CareStore
) -> None:
    heart, general = (KnownOrganisation(code=code) for code in ("HEART", "GENERAL"))
    known = {"HEART": heart, "HEART-CENTER": heart, "GENERAL": general}
    decisions = replace(decisions, organisations=lambda: Organisations(by_name=known))
    stream = asked(decisions, facts, target={"organisation": "HEART-CENTER"})
    (recorded,) = store.streams.read(stream)
    assert isinstance(recorded.event, ReferralRequested)
    assert recorded.event.target.organisation == "HEART"
    of_heart = Authority(roles=(Role.COORDINATOR,), organisations=frozenset({"HEART"}))
    accepted = accept(stream, by={"organisation": "HEART-CENTER"})
    given = replace(caller("k"), authority=of_heart)
    assert decisions.record(accepted, given).version == 2
    # A repeated command gets its answer even if the organisation is not known any more.
    decisions = replace(decisions, organisations=lambda: Organisations(by_name={}))
    assert decisions.record(accepted, replace(caller("k"))).version == 2
    with pytest.raises(UnknownOrganisation):
        decisions.record(close(stream), caller())


@pytest.mark.parametrize(
    "members",
    [
        {"specialty": "394587001"},
        {"service": "behavioral-health", "specialty": ""},
        {"reason_codes": ["I50.9", "F10.20"]},
        {"reason_codes": ["intimate-partner-violence"]},
    ],
)
def test_what_the_installation_calls_sensitive_is_sealed_although_nobody_says_so(
    decisions: Decisions, facts: PersonFacts, store: CareStore, members: dict[str, Any]
) -> None:
    """Without codes that are listed, the same referral is in clear."""
    listed = SensitiveCodes(
        services=frozenset({"BEHAVIORAL-HEALTH"}),
        specialties=frozenset({"394587001"}),
        reasons=frozenset({"F1", "intimate-partner-violence"}),
    )
    careful = replace(decisions, sensitive=listed)
    (sealed,) = store.streams.read(asked(careful, facts, **members))
    (clear,) = store.streams.read(asked(decisions, facts, **members))
    assert isinstance(sealed.event, ReferralRequested)
    assert isinstance(clear.event, ReferralRequested)
    found = (sealed.event.service, sealed.event.specialty, sealed.event.reason_category)
    assert found == ("", "", "")
    assert clear.event.service or clear.event.specialty
    assert clear.event.reason_category


def test_other_codes_are_in_clear_beside_a_list(
    decisions: Decisions, facts: PersonFacts, store: CareStore
) -> None:
    listed = SensitiveCodes(services=frozenset({"ECHO"}), reasons=frozenset({"F1"}))
    (found,) = store.streams.read(asked(replace(decisions, sensitive=listed), facts))
    assert isinstance(found.event, ReferralRequested)
    assert found.event.specialty == "394579002"


def test_a_repeated_command_is_the_same_after_the_list_changed(
    decisions: Decisions,
) -> None:
    one = request(specialty="394587001")
    first = decisions.record(one, caller("k1"))
    listed = SensitiveCodes(specialties=frozenset({"394587001"}))
    again = replace(decisions, sensitive=listed).record(one, caller("k1"))
    assert (again.events, again.repeated) == (first.events, True)


def test_a_likely_duplicate_is_recorded_with_a_warning(
    decisions: Decisions, facts: PersonFacts
) -> None:
    asked(decisions, facts)
    again = request(number="2", specialty="394579002", reason_codes=["I50.1"])
    outcome = decisions.record(again, caller("k1"))
    assert outcome.warnings == ("likely_duplicate",)
    facts.asked.append(outcome.stream)
    repeated = decisions.record(again, caller("k1"))
    assert (repeated.repeated, repeated.warnings) == (True, ("likely_duplicate",))


def test_a_repeated_command_has_the_warnings_of_its_time(
    decisions: Decisions, facts: PersonFacts
) -> None:
    first = request(specialty="394579002", reason_codes=["I50.1"])
    outcome = decisions.record(first, caller("k1"), noticed=["patient_not_named_yet"])
    facts.asked.append(outcome.stream)
    asked(decisions, facts)  # of which the first one is a likely duplicate now
    repeated = decisions.record(first, caller("k1"))
    assert outcome.warnings == ("patient_not_named_yet",)
    assert (repeated.repeated, repeated.warnings) == (True, outcome.warnings)


def test_a_caller_may_refuse_a_likely_duplicate(
    decisions: Decisions, facts: PersonFacts, store: CareStore
) -> None:
    first = asked(decisions, facts)
    again = request(specialty="394579002", reason_codes=["I50.1"], refuse_duplicates=True)
    with pytest.raises(LikelyDuplicate) as refused:
        decisions.record(again, caller())
    assert refused.value.others == (first,)
    assert store.streams.read(again.stream) == ()
    other = request(specialty="394579002", reason_codes=["M54.5"], refuse_duplicates=True)
    assert decisions.record(other, caller()).warnings == ()


def seen(stream: StreamId) -> RecordSeen:
    return RecordSeen(stream=stream, by=HEART, anchor=VISIT)


def test_a_visit_of_another_record_of_the_person_is_recorded(
    decisions: Decisions, facts: PersonFacts, store: CareStore
) -> None:
    stream = asked(decisions, facts)
    decisions.record(accept(stream), caller())
    decisions.record(seen(stream), caller())
    assert store.streams.read(stream)[-1].event.anchor == VISIT


def test_a_visit_of_another_patient_is_refused(decisions: Decisions, facts: PersonFacts) -> None:
    stream = asked(decisions, facts)
    decisions.record(accept(stream), caller())
    facts.asked.clear()
    with pytest.raises(AppointmentNotOfPatient):
        decisions.record(seen(stream), caller())


def test_a_referral_ends_after_the_death_of_the_patient_and_takes_no_other_step(
    decisions: Decisions, facts: PersonFacts
) -> None:
    stream = asked(decisions, facts, happened_at=Moment(at=datetime(2026, 3, 1, tzinfo=UTC)))
    early = AcceptReferral(
        stream=stream, by=HEART, happened_at=Moment(at=datetime(2026, 3, 2, tzinfo=UTC))
    )
    facts.died = datetime(2026, 3, 3, tzinfo=UTC)
    decisions.record(early, caller())
    with pytest.raises(PatientDeceased):
        decisions.record(RecordSeen(stream=stream, by=HEART), caller())
    assert len(decisions.record(close(stream), caller()).events) == 2


def test_nothing_happened_before_the_birth_of_the_patient(
    decisions: Decisions, facts: PersonFacts
) -> None:
    facts.born = datetime(2026, 3, 2, tzinfo=UTC)
    before = Moment(at=facts.born - timedelta(seconds=1))
    with pytest.raises(BeforeBirth):
        asked(decisions, facts, happened_at=before)
    # The day of the birth is stated to the day, and the birth was in it.
    day = replace(before, until=facts.born + timedelta(hours=4), precision="day")
    assert asked(decisions, facts, happened_at=day)


def test_a_step_of_an_unknown_referral_is_refused(decisions: Decisions) -> None:
    with pytest.raises(UnknownStream):
        decisions.record(accept(StreamId(record_of("9"))), caller())


STEPS: list[type[Command]] = [each for each in COMMANDS if each.KIND is referral.KIND]


def test_every_event_of_a_referral_has_a_command() -> None:
    by_command = {each.EVENT for each in STEPS if issubclass(each, ReferralStep)}
    others = {"requested", "closed", "reported", "entered_in_error"}
    assert {each.move() for each in set(referral.KIND.events) - by_command} == others
    assert len(STEPS) == len(by_command) + len(others)


def test_a_report_of_another_system_is_kept_even_if_it_cannot_be(
    decisions: Decisions, facts: PersonFacts, store: CareStore
) -> None:
    """Its partner may give it for itself alone; a death does not forbid it."""
    stream = asked(decisions, facts, happened_at=Moment(at=NOW - timedelta(hours=2)))
    publisher = Authority(roles=(Role.PUBLISHER,), organisations=frozenset({"HEART"}))
    heart = replace(caller(), authority=publisher)
    told = ReportReferral(stream=stream, partner="HEART", claim="scheduled", number="R-77")
    assert decisions.record(told, heart).version == 2
    assert decisions.record(told, heart).version == 2
    earlier = Moment(at=NOW - timedelta(hours=1))
    history = referral.KIND.history(stream, store.streams.read(stream))
    assert len(fold(referral.REFERRAL, history).not_legal) == 1
    accepted = ReportReferral(stream=stream, partner="HEART", claim="accepted", happened_at=earlier)
    assert decisions.record(accepted, heart).version == 3
    facts.died = NOW - timedelta(days=1)
    soon = Moment(at=NOW + timedelta(minutes=1))
    again = told.model_copy(update={"claim": "declined", "happened_at": soon})
    assert decisions.record(again, heart).version == 4
    history = referral.KIND.history(stream, store.streams.read(stream))
    folded = fold(referral.REFERRAL, history)
    # The first report follows from the one that came after it and happened before it.
    assert (folded.state.word, folded.not_legal) == ("declined", frozenset())
    with pytest.raises(RoleNotAllowed):
        decisions.record(told.model_copy(update={"partner": "LUNG"}), heart)
    with pytest.raises(RoleNotAllowed):
        decisions.record(accept(stream), heart)


@pytest.mark.parametrize(
    "step", [each for each in STEPS if issubclass(each, ReferralStep)], ids=lambda each: each.VERB
)
def test_a_command_states_every_member_of_its_event(step: type[ReferralStep]) -> None:
    frame = set(OwnEvent.model_fields)
    left = set(step.EVENT.model_fields) - set(step.model_fields) - frame
    assert left <= {"decided_by"}  # a command is always of a person
