"""The reference of JSON names the members that the shapes of answers have."""

from typing import Any

import pytest

from caretrail.reading.shapes import (
    care_plans,
    medications,
    patients,
    referrals,
    teams,
    transitions,
    values,
)
from tests.documentation.test_json import documented


@pytest.mark.parametrize(
    ("headings", "shape"),
    [
        (("patients ls",), patients.PatientAnswer),
        (("patients ls", "identifiers"), patients.IdentifierShape),
        (("timeline",), patients.TimelineAnswer),
        (("timeline", "shared_numbers"), patients.SharedNumberShape),
        (("timeline", "encounters"), patients.EncounterShape),
        (("timeline", "locations"), patients.LocationShape),
        (("timeline", "entries"), values.EntryShape),
        (("timeline", "actor"), values.ActorShape),
        (("timeline", "transition in activities"), transitions.TransitionStreamShape),
        (("timeline", "transitions"), transitions.TransitionShape),
        (("timeline", "steps"), transitions.StepShape),
        (("timeline", "known_at"), values.LogPositionShape),
        (("census",), patients.OccupiedPlaceShape),
        (("referral ls",), referrals.ReferralShape),
        (("referral show", "milestones"), referrals.MilestonesShape),
        (("referral show", "intervals"), referrals.IntervalShape),
        (("plan ls",), care_plans.CarePlanShape),
        (("plan show", "contents"), care_plans.PartContentsShape),
        (("plan show", "concerns"), care_plans.ConcernShape),
        (("plan show", "goals"), care_plans.GoalShape),
        (("plan show", "activities of a plan"), care_plans.PlanActivityShape),
        (("plan show", "revisions"), care_plans.RevisionShape),
        (("plan compare",), care_plans.ComparisonAnswer),
        (("plan compare", "earlier, later"), care_plans.ComparedRevisionShape),
        (("plan compare", "changed"), care_plans.ChangedPartShape),
        (("medications show",), medications.MedicationListsAnswer),
        (("medications show", "items"), medications.MedicationItemShape),
        (("medications show", "lists"), medications.ListShape),
        (("medications show", "reconciliations"), medications.ReconciliationShape),
        (("medications show", "discrepancies"), medications.DiscrepancyShape),
        (("transition ls",), transitions.ListedTransitionShape),
        (("duty ls",), transitions.DutyShape),
        (("protocol ls",), patients.PublicationShape),
        (("team show",), teams.CareTeamAnswer),
        (("team show", "members"), teams.NamedMemberShape),
        (("team show", "coordinators"), teams.CoordinatorShape),
        (("team show", "handovers"), teams.HandoverShape),
        (("team show", "stated_by_hospital"), teams.StatedMemberShape),
        (("team show", "care_team in activities"), teams.CareTeamShape),
        (("attribution show",), teams.AttributionsAnswer),
        (("attribution show", "attributions"), teams.AttributionShape),
        (("attribution show", "proposed"), teams.ProposedAttributionShape),
        (("attribution show", "attribution in activities"), teams.AttributionStreamShape),
        (("responsible",), teams.ResponsibleAnswer),
        (("work ls",), transitions.WorkListAnswer),
        (("work ls", "people"), transitions.PersonWorkShape),
    ],
)
def test_the_reference_names_the_members_of_an_answer(
    headings: tuple[str, ...], shape: Any
) -> None:
    assert documented(*headings) == set(shape.__annotations__)
