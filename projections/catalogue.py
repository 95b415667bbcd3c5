"""The list of all projections."""

from typing import Final

from projections import (
    attribution,
    audit_trail,
    care_plan,
    care_team_member,
    care_team_stated,
    census,
    last_seen,
    medication_reconciliation,
    patients,
    referral,
    referral_loop,
    stream_index,
    timeline,
    transition,
    work,
)
from projections.engine.projection_list import ProjectionList

PROJECTIONS: Final = ProjectionList(
    (
        timeline.PROJECTION,
        census.PROJECTION,
        patients.PROJECTION,
        referral_loop.PROJECTION,
        referral.PROJECTION,
        care_plan.PROJECTION,
        medication_reconciliation.PROJECTION,
        care_team_member.PROJECTION,
        care_team_stated.PROJECTION,
        attribution.PROJECTION,
        transition.PROJECTION,
        work.PROJECTION,
        stream_index.PROJECTION,
        audit_trail.PROJECTION,
        last_seen.PROJECTION,
    )
)
