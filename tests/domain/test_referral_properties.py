"""What holds for every sequence of commands on a referral."""

from typing import Any

from hypothesis import strategies as st

from domain import referral
from domain.decider import StatedTime
from domain.party import Party
from domain.referral import MOVES, ReferralOutcome, ReferralReported, ReferralRequested
from tests.domain.referral_facts import COLLEAGUE, HEART, MEMBERS, WARD
from tests.domain.stream_properties import (
    RECORD,
    TIMES,
    Asked,
    properties_of,
    properties_of_reports,
)

PARTIES = st.sampled_from([WARD, HEART, COLLEAGUE, Party(pool="p1")])
#: Steps are drawn from a short list more often, so that sequences get far.
USUAL = st.sampled_from(["accepted", "scheduled", "missed", "seen", "outcome_sent", "reopened"])
STEPS_BY_MOVE = {step.move(): step for step in MOVES if step.move() != "closed"}


def requesting(time: StatedTime, requester: Party, target: Party) -> Asked:
    asked = ReferralRequested(
        record=RECORD, happened_at=time.moment, requester=requester, target=target
    )
    return Asked("request", lambda history: referral.request(history, asked, time=time), time)


def stepping(time: StatedTime, move: str) -> Asked:
    step, facts = STEPS_BY_MOVE[move], MEMBERS[move][1]
    return Asked(move, lambda history: referral.take(history, step, facts, time=time), time)


def closing(time: StatedTime, facts: dict[str, Any]) -> Asked:
    return Asked(
        f"close {facts}",
        lambda history: referral.close(history, acknowledged_by=WARD, time=time, **facts),
        time,
    )


STEPS = st.one_of(
    st.builds(requesting, TIMES, PARTIES, PARTIES),
    st.builds(stepping, TIMES, st.sampled_from(sorted(STEPS_BY_MOVE))),
    st.builds(stepping, TIMES, USUAL),
    st.builds(
        closing,
        TIMES,
        st.fixed_dictionaries(
            {}, optional={
                "outcome": st.just(ReferralOutcome(how="told")),
                "plan_told_to_patient_on": st.dates(),
            },
        ),
    ),
)  # fmt: skip

TestReferral = properties_of(referral.KIND, steps=STEPS)
TestReportsOfReferrals = properties_of_reports(referral.KIND, steps=STEPS)


def test_every_step_is_among_the_commands() -> None:
    left = {each.move() for each in referral.KIND.events} - STEPS_BY_MOVE.keys()
    assert left == {"requested", "closed", ReferralReported.TOPIC.split(".")[1], "entered_in_error"}
