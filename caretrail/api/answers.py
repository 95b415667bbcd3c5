"""The shapes of the answers to reads of own streams, by kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from caretrail.reading.shapes.care_plans import CarePlanAnswer, CarePlanShape
from caretrail.reading.shapes.medications import MedicationListsAnswer, MedicationListsShape
from caretrail.reading.shapes.referrals import ReferralAnswer, ReferralShape
from caretrail.reading.shapes.teams import (
    AttributionStreamAnswer,
    AttributionStreamShape,
    CareTeamShape,
    CareTeamStreamAnswer,
)
from caretrail.reading.shapes.transitions import (
    TransitionStreamAnswer,
    TransitionStreamShape,
    WorkStreamAnswer,
    WorkStreamShape,
)


@dataclass(frozen=True, slots=True)
class StreamShapes:
    """The shapes of one kind of own stream: a row of a list, and one stream."""

    row: Any  # a TypedDict, as ``one``
    one: Any


#: By kind.
SHAPES: Final[Mapping[str, StreamShapes]] = {
    "attribution": StreamShapes(AttributionStreamShape, AttributionStreamAnswer),
    "care_plan": StreamShapes(CarePlanShape, CarePlanAnswer),
    "care_team": StreamShapes(CareTeamShape, CareTeamStreamAnswer),
    "medication_list": StreamShapes(MedicationListsShape, MedicationListsAnswer),
    "referral": StreamShapes(ReferralShape, ReferralAnswer),
    "transition": StreamShapes(TransitionStreamShape, TransitionStreamAnswer),
    "work": StreamShapes(WorkStreamShape, WorkStreamAnswer),
}
