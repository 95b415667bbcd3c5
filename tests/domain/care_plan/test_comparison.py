"""Two revisions of a care plan, compared by the ids of their parts."""

from datetime import date

from domain.care_plan import PartDifference, compare
from domain.care_plan.parts import ActivityChange, GoalChange
from tests.domain.care_plan.plans import (
    ACTIVATED,
    DRAFTED,
    activity,
    concern,
    content_of,
    done,
    goal,
    progressed,
    revised,
)

FIRST = revised(
    1, -30, goals_added=(goal("g2", owner="clinician").goal,), removed=("a1",),
    goals_changed=(GoalChange(goal_id="g1", target_on=date(2026, 3, 27), sealed=("words",)),),
)  # fmt: skip
SECOND = revised(
    2, -5, activities_added=(activity("a3").activity,),
    activities_changed=(ActivityChange(activity_id="a2", by_patient=True),),
)  # fmt: skip
PLAN = content_of(
    DRAFTED, concern("c1"), goal("g1"), activity("a1"), activity("a2"), ACTIVATED, FIRST,
    progressed("g1", "improving"), done("a2", status="scheduled"), SECOND,
)  # fmt: skip
BEGUN, ONE, TWO = PLAN.revisions


def test_each_part_is_added_removed_changed_or_unchanged() -> None:
    found = compare(BEGUN, ONE)
    assert found.added == (PartDifference("g2", "goal"),)
    assert found.removed == (PartDifference("a1", "activity"),)
    assert found.changed == (PartDifference("g1", "goal", ("target_on", "words")),)
    assert found.unchanged == ("c1", "a2")


def test_progress_between_revisions_is_a_change() -> None:
    found = compare(ONE, TWO)
    assert found.changed == (
        PartDifference("g1", "goal", ("achievement",)),
        PartDifference("a2", "activity", ("by_patient", "status")),
    )
    assert [each.part_id for each in found.added] == ["a3"]


def test_the_comparison_the_other_way_round_swaps_added_and_removed() -> None:
    there, back = compare(BEGUN, TWO), compare(TWO, BEGUN)
    assert (back.added, back.removed) == (there.removed, there.added)
    assert {each.part_id for each in back.changed} == {each.part_id for each in there.changed}


def test_a_revision_equals_itself() -> None:
    same = compare(TWO, TWO)
    assert (same.added, same.removed, same.changed) == ((), (), ())
    assert set(same.unchanged) == {"c1", "g1", "g2", "a2", "a3"}


def test_a_plan_has_the_revision_of_its_activation_and_each_later_one() -> None:
    assert [each.number for each in PLAN.revisions] == [0, 1, 2]
    assert set(BEGUN.parts.all()) == {"c1", "g1", "a1", "a2"}
