"""All cases, in the order of the sections of docs/reference/interpretation.md."""

from tests.domain.interpretation import (
    cases_of_as_of,
    cases_of_beginnings_and_ends,
    cases_of_cancels,
    cases_of_deaths,
    cases_of_fuller_places,
    cases_of_habits,
    cases_of_number_forms,
    cases_of_offsets,
    cases_of_order_and_patients,
    cases_of_places_and_status,
    cases_of_precision,
    cases_of_resends_and_times,
    cases_of_stated_teams,
    cases_of_visits,
)
from tests.domain.interpretation.case import Case

CASES: list[Case] = [
    *cases_of_order_and_patients.CASES,
    *cases_of_visits.CASES,
    *cases_of_number_forms.CASES,
    *cases_of_resends_and_times.CASES,
    *cases_of_precision.CASES,
    *cases_of_offsets.CASES,
    *cases_of_cancels.CASES,
    *cases_of_beginnings_and_ends.CASES,
    *cases_of_places_and_status.CASES,
    *cases_of_fuller_places.CASES,
    *cases_of_habits.CASES,
    *cases_of_as_of.CASES,
    *cases_of_deaths.CASES,
    *cases_of_stated_teams.CASES,
]
