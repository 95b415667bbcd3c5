"""The work on a duty, decided."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st

from domain import work
from domain.business_days import BusinessCalendar
from domain.decider import StatedTime, StreamEvent, fold
from domain.duties import Duty
from domain.errors import ClaimedByAnother, MoveNotAllowed, SnoozedTooLong
from domain.ids import DEVELOPMENT_KEY, EncounterId, IdKey, StreamId
from domain.party import Party
from domain.work import WORK, ItemParts, Work, WorkFact, WorkHistory, WorkItem, item_id
from tests.domain.scenario import NOW, PRESENT, Given, history_of, stated
from tests.domain.stream_properties import RECORD, TIMES, Asked, properties_of

ABOUT = StreamId("01990000-0000-7000-8000-0000000000aa")
NURSE = Party(organisation="GENERAL", person="nurse-1")
OTHER = Party(organisation="GENERAL", person="nurse-2")
CALENDAR = BusinessCalendar()
#: Due on Thursday, 12 March 2026.
ITEM = WorkItem(
    about=ABOUT,
    duty="referral.acknowledge",
    part="",
    record=RECORD,
    mode="P",
    of_transition=False,
    in_time_until=datetime(2026, 3, 12, 23, 59, 59, 999_999, UTC),
    zone="UTC",
)
PARTIES = st.sampled_from([NURSE, OTHER])


def claimed(by: Party = NURSE, *, hours: float = 0, item: WorkItem = ITEM) -> WorkFact:
    (event,) = work.claim([], item, by=by, time=stated(hours))
    return event


def test_a_claim_holds_for_half_an_hour() -> None:
    event = claimed()
    assert isinstance(event, work.WorkClaimed)
    assert event.until == NOW + timedelta(minutes=30)
    state = fold(WORK, history_of([claimed()])).state
    assert state.claimed(NOW + timedelta(minutes=29)) == event
    assert state.claimed(NOW + timedelta(minutes=30)) is None


def test_another_party_claims_after_the_lease_and_not_before() -> None:
    history = history_of([claimed(hours=-1)])
    (second,) = work.claim(history, ITEM, by=OTHER, time=PRESENT)
    state = fold(WORK, history_of([claimed(hours=-1), second])).state
    assert state.claim == second
    given = Given(history_of([claimed(hours=-0.25)]))
    given.when(lambda past: work.claim(past, ITEM, by=OTHER, time=PRESENT)).then_refused(
        ClaimedByAnother
    )


def test_the_same_party_renews_its_claim() -> None:
    history = history_of([claimed(hours=-0.25)])
    (renewed,) = work.claim(history, ITEM, by=NURSE, time=PRESENT)
    assert isinstance(renewed, work.WorkClaimed)
    assert renewed.until == NOW + work.LEASE


def test_only_the_party_that_claimed_releases() -> None:
    history = history_of([claimed(hours=-0.25)])
    given = Given(history)
    given.when(lambda past: work.release(past, by=OTHER, time=PRESENT)).then_refused(
        ClaimedByAnother
    )
    (released,) = work.release(history, by=NURSE, time=PRESENT)
    assert fold(WORK, history_of([claimed(hours=-0.25), released])).state == Work()


@pytest.mark.parametrize("hours", [None, -1.0])
def test_work_that_is_not_claimed_cannot_be_released(hours: float | None) -> None:
    given = Given(history_of([] if hours is None else [claimed(hours=hours)]))
    refused = given.when(lambda past: work.release(past, by=NURSE, time=PRESENT)).then_refused(
        MoveNotAllowed
    )
    assert refused.allowed == ("claimed", "snoozed", "assigned")


def put_off(until: datetime, *, history: WorkHistory = (), by: Party = NURSE) -> Sequence[WorkFact]:
    return work.snooze(
        history,
        ITEM,
        by=by,
        until=until,
        reason="patient_asked",
        calendar=CALENDAR,
        time=PRESENT,
    )


def test_an_item_waits_at_most_two_business_days_after_it_is_due() -> None:
    latest = datetime(2026, 3, 16, 23, 59, 59, 999_999, UTC)  # Monday
    (event,) = put_off(latest)
    assert isinstance(event, work.WorkSnoozed)
    for until in (latest + timedelta(microseconds=1), NOW):
        with pytest.raises(SnoozedTooLong) as caught:
            put_off(until)
        assert caught.value.latest == latest


def test_a_claim_of_another_party_keeps_an_item_from_waiting() -> None:
    with pytest.raises(ClaimedByAnother):
        put_off(NOW + timedelta(hours=1), history=history_of([claimed(hours=-0.25)]), by=OTHER)


def test_a_claim_by_another_stream_of_the_same_work_counts() -> None:
    item = WorkItem(
        **{name: getattr(ITEM, name) for name in ITEM.__slots__}
        | {"claimed_by": OTHER, "claimed_until": NOW + timedelta(minutes=1)}
    )
    with pytest.raises(ClaimedByAnother):
        work.claim([], item, by=NURSE, time=PRESENT)
    assert work.claim([], item, by=OTHER, time=PRESENT)


def test_streams_of_one_work_count_as_one_and_the_earlier_claim_holds() -> None:
    first, second = claimed(hours=-0.25), claimed(OTHER, hours=-0.1)
    both = work.fold_streams([history_of([second]), history_of([first])])
    assert both.claim == first
    (assigned,) = work.assign([], ITEM, to=OTHER, by=NURSE, time=stated(-2))
    both = work.fold_streams([history_of([second]), history_of([assigned])])
    assert (both.claim, both.assignment) == (second, assigned)


def duty(**facts: Any) -> Duty:
    given: dict[str, Any] = {
        "code": "transition.contact",
        "about": ABOUT,
        "opened_at": NOW,
        "due_at": None,
        "due_on": date(2026, 3, 12),
        "zone": "UTC",
        "done_at": None,
        "source": "a rule",
        "rule_version": "1",
        "responsible": NURSE,
    }
    return Duty(**(given | facts))


def test_the_id_of_an_item_says_what_duty_and_due_time() -> None:
    assert item_id(duty(), ABOUT) == f"{ABOUT}~transition.contact~~20260312"
    later = duty(due_on=None, due_at=NOW, part="a1")
    assert item_id(later, ABOUT) == f"{ABOUT}~transition.contact~a1~20260310T120000Z"


def test_an_id_under_another_id_of_the_encounter_leads_to_the_item() -> None:
    now = EncounterId("01990000-0000-7000-8000-0000000000bb")
    parts = ItemParts.of(item_id(duty(), ABOUT))
    assert parts is not None
    assert parts.of_encounter(now) == item_id(duty(), now)
    assert ItemParts.of("anything") is None


def test_the_stream_of_the_work_does_not_depend_on_the_due_time() -> None:
    ids = IdKey(DEVELOPMENT_KEY)
    later = work.stream_of_item(ids, item_id(duty(due_on=date(2026, 4, 1)), ABOUT))
    assert work.stream_of_item(ids, item_id(duty(), ABOUT)) == later
    assert work.stream_of_item(ids, item_id(duty(part="a1"), ABOUT)) != later
    assert work.stream_of_item(ids, "anything") is None


def _claiming(time: StatedTime, by: Party) -> Asked:
    return Asked("claim", lambda past: work.claim(past, ITEM, by=by, time=time), time)


def _releasing(time: StatedTime, by: Party) -> Asked:
    return Asked("release", lambda past: work.release(past, by=by, time=time), time)


def _waiting(time: StatedTime, by: Party, hours: int) -> Asked:
    def rule(past: Sequence[StreamEvent[Any]]) -> Sequence[WorkFact]:
        until = NOW + timedelta(hours=hours)
        return work.snooze(
            past, ITEM, by=by, until=until, reason="other", calendar=CALENDAR, time=time
        )

    return Asked(f"snooze {hours}", rule, time)


def _assigning(time: StatedTime, by: Party, to: Party) -> Asked:
    return Asked("assign", lambda past: work.assign(past, ITEM, to=to, by=by, time=time), time)


_NEAR = st.integers(-8, 0).map(lambda quarters: stated(quarters / 4))
_WHEN = TIMES | _NEAR
TestWork = properties_of(
    work.KIND,
    steps=st.one_of(
        st.builds(_claiming, _WHEN, PARTIES),
        st.builds(_releasing, _WHEN, PARTIES),
        st.builds(_waiting, _WHEN, PARTIES, st.integers(-80, 90)),
        st.builds(_assigning, _WHEN, PARTIES, PARTIES),
    ),
)
