"""What holds for every sequence of commands on attributions."""

from hypothesis import given as for_all
from hypothesis import strategies as st

from domain import attribution
from domain.attribution import Attributed, AttributionEnded
from domain.decider import StatedTime, fold
from domain.ids import StreamId
from tests.domain.scenario import at
from tests.domain.stream_properties import HOURS, RECORD, TIMES, Asked, obeyed, properties_of

STREAM = StreamId("5f000000-0000-8000-8000-000000000001")
PERIODS = st.tuples(HOURS, st.none() | st.integers(-60, 100))
TARGETS = st.sampled_from([("practice", "north"), ("practice", "south"), ("payer", "acme")])
SOURCES = st.sampled_from([("command", ""), ("roster", "r1"), ("roster", "r2")])


def attributing(
    time: StatedTime,
    target: tuple[str, str],
    source: tuple[str, str],
    period: tuple[int, int | None],
) -> Asked:
    since, until = period
    fact = Attributed.model_validate(
        {
            "record": RECORD, "happened_at": time.moment, "target_kind": target[0],
            "target": target[1], "source": source[0], "roster": source[1], "since": at(since),
            "until": None if until is None else at(until),
        }
    )  # fmt: skip
    return Asked(
        f"attribute {target} {source} {period}",
        lambda history: attribution.attribute(STREAM, history, fact, others={}, time=time),
        time,
    )


def ending(time: StatedTime, target: tuple[str, str], source: tuple[str, str], until: int) -> Asked:
    fact = AttributionEnded.model_validate(
        {
            "record": RECORD, "happened_at": time.moment, "target_kind": target[0],
            "target": target[1], "source": source[0], "roster": source[1], "until": at(until),
        }
    )  # fmt: skip
    return Asked(
        f"end {target} {source} {until}",
        lambda history: attribution.end(STREAM, history, fact, others={}, time=time),
        time,
    )


STEPS = st.one_of(
    st.builds(attributing, TIMES, TARGETS, SOURCES, PERIODS),
    st.builds(ending, TIMES, TARGETS, SOURCES, HOURS),
)

TestAttribution = properties_of(attribution.KIND, steps=STEPS)


@for_all(st.lists(STEPS, max_size=12))
def test_a_roster_names_one_target_of_a_kind_at_a_time(sequence: list[Asked]) -> None:
    state = fold(attribution.ATTRIBUTION, obeyed(sequence)).state
    for each in state.conflicting():
        for other in state.conflicting():
            if each.conflicts_with(other):
                assert each.fact.source == "command" or each.fact.roster != other.fact.roster
