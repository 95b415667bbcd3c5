"""What holds for every sequence of commands on a care plan."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from domain import care_plan
from domain.care_plan import rules
from domain.care_plan.events import (
    CarePlanActivated,
    CarePlanCompleted,
    CarePlanDrafted,
    CarePlanEvent,
    CarePlanHeld,
    CarePlanResumed,
)
from domain.care_plan.parts import GoalChange
from domain.decider import StatedTime
from tests.domain.care_plan.plans import NURSE, activity, done, goal, progressed, revised
from tests.domain.stream_properties import (
    RECORD,
    TIMES,
    Asked,
    properties_of,
    properties_of_reports,
)

IDS = st.integers(1, 3)


def asking(words: str, time: StatedTime, event: CarePlanEvent) -> Asked:
    stated = event.model_copy(update={"happened_at": time.moment, "record": RECORD})
    return Asked(words, lambda history: rules.step(history, stated, time=time), time)


def drafting(time: StatedTime) -> Asked:
    drafted = CarePlanDrafted(
        record=RECORD, happened_at=time.moment, category="transition", responsible=NURSE
    )
    return Asked("draft", lambda history: rules.draft(history, drafted, time=time), time)


def course(time: StatedTime, step: Callable[..., CarePlanEvent]) -> Asked:
    return asking(step.__name__, time, step(happened_at=time.moment, by=NURSE))


def held(**facts: Any) -> CarePlanEvent:
    return CarePlanHeld(**facts, reason="other")


def completed(**facts: Any) -> CarePlanEvent:
    return CarePlanCompleted(**facts, reason="other")


def revising(time: StatedTime, part: int, *, removes: bool) -> Asked:
    changes = {"removed": (f"g{part}",)} if removes else {
        "goals_changed": (GoalChange(goal_id=f"g{part}", priority="low"),)
    }  # fmt: skip
    event = revised(1, **changes).model_copy(update={"happened_at": time.moment, "record": RECORD})
    return Asked("revise", lambda history: rules.revise(history, event, time=time), time)


STEPS = st.one_of(
    st.builds(drafting, TIMES),
    st.builds(
        course, TIMES, st.sampled_from([CarePlanActivated, held, CarePlanResumed, completed])
    ),
    st.builds(lambda time, n: asking(f"goal {n}", time, goal(f"g{n}")), TIMES, IDS),
    st.builds(
        lambda time, n, g: asking(f"activity {n}", time, activity(f"a{n}", goals=(f"g{g}",))),
        TIMES, IDS, IDS,
    ),
    st.builds(lambda time, n: asking(f"done {n}", time, done(f"a{n}")), TIMES, IDS),
    st.builds(
        lambda time, n, how: asking(f"{how} {n}", time, progressed(f"g{n}", how)),
        TIMES, IDS, st.sampled_from(["achieved", "worsening"]),
    ),
    st.builds(revising, TIMES, IDS, removes=st.booleans()),
)  # fmt: skip

TestCarePlan = properties_of(care_plan.KIND, steps=STEPS)
TestReportsOfCarePlans = properties_of_reports(care_plan.KIND, steps=STEPS)
