"""The words with which lists are asked are those of the domain."""

from typing import get_args

import pytest

from caretrail.listings import LISTINGS
from caretrail.reading.listed_rows import ROWS
from domain.attribution import TargetKind
from domain.care_plan.states import ActivePlan, CompletedPlan, DraftPlan, HeldPlan, RevokedPlan
from domain.medication_list import ListsReconciled, ListsRecorded
from domain.referral.states import WORDS

VOID = "entered_in_error"
PLANS = (DraftPlan, ActivePlan, HeldPlan, CompletedPlan, RevokedPlan)


def choices(listing: str, name: str) -> set[str]:
    (found,) = (each for each in LISTINGS[listing].filters if each.name == name)
    return set(found.choices)


@pytest.mark.parametrize(
    ("listing", "name", "words"),
    [
        ("referral", "state", {*WORDS, "held", VOID}),
        ("care_plan", "state", {*(each.WORD for each in PLANS), VOID}),
        ("medication_list", "state", {ListsRecorded.WORD, ListsReconciled.WORD, VOID}),
        ("attribution", "target_kind", set(get_args(TargetKind))),
    ],
)
def test_a_list_offers_every_word_of_the_domain(listing: str, name: str, words: set[str]) -> None:
    assert choices(listing, name) == words


def test_every_list_has_rows_and_filters_with_names_of_their_own() -> None:
    assert set(ROWS) == set(LISTINGS)
    for each in LISTINGS.values():
        flags = [one.flag_name for one in each.filters]
        assert len(set(flags)) == len(flags)
