"""What holds for every sequence of commands on a referral."""

from hypothesis import strategies as st

from domain import referral
from domain.decider import StatedTime
from domain.party import Party
from domain.referral import ReferralOutcome, ReferralRequested
from tests.domain.stream_properties import RECORD, TIMES, Asked, properties_of

PARTIES = st.sampled_from(
    [Party(organisation="GENERAL", person="dr-ward"), Party(organisation="HEART"), Party(pool="p1")]
)


def requesting(time: StatedTime, requester: Party, target: Party) -> Asked:
    asked = ReferralRequested(
        record=RECORD, happened_at=time.moment, requester=requester, target=target
    )
    return Asked("request", lambda history: referral.request(history, asked, time=time), time)


def accepting(time: StatedTime, by: Party) -> Asked:
    return Asked("accept", lambda history: referral.accept(history, by=by, time=time), time)


def closing(time: StatedTime, by: Party, outcome: ReferralOutcome | None) -> Asked:
    return Asked(
        f"close {outcome}",
        lambda history: referral.close(history, acknowledged_by=by, outcome=outcome, time=time),
        time,
    )


STEPS = st.one_of(
    st.builds(requesting, TIMES, PARTIES, PARTIES),
    st.builds(accepting, TIMES, PARTIES),
    st.builds(closing, TIMES, PARTIES, st.none() | st.just(ReferralOutcome(how="told"))),
)

TestReferral = properties_of(referral.KIND, steps=STEPS)
