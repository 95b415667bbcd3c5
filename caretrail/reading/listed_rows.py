"""The rows of the lists: see ``caretrail.listings``."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from caretrail.listings import LISTINGS
from caretrail.reading.care_plans import plan_json
from caretrail.reading.duty_lists import duty_json
from caretrail.reading.listed_streams import streams_json
from caretrail.reading.members import Json
from caretrail.reading.past_rows import PastRows
from caretrail.reading.referrals import referral_json
from caretrail.reading.transition_lists import listed_json
from domain.ids import PatientId
from projections.care_plan import care_plans
from projections.duty_list import DutyFilter, listed_duties
from projections.referral_loop import referrals
from projections.stream_index import WantedTerm, streams_with
from projections.transition_list import listed_transitions


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuestion:
    """A question to a list."""

    #: What is asked, by the names of the filters: a word, or yes. What is left out is not asked.
    asked: Mapping[str, Any]
    patient: PatientId | None  # None: all patients
    at: datetime  # the instant from which the rows are seen
    limit: int  # the largest number of rows
    offset: int = 0  # rows that are left out before

    def word(self, name: str) -> str:
        """Return the word that a filter is asked; empty: it is not asked."""
        return str(self.asked.get(name) or "")

    def yes(self, name: str) -> bool:
        """Tell whether a filter is asked that has no word."""
        return bool(self.asked.get(name))


#: Returns the rows that a question asks for.
RowsOf: TypeAlias = Callable[[PastRows, ListQuestion], Sequence[Json]]


def _referrals(then: PastRows, question: ListQuestion) -> Sequence[Json]:
    found = referrals(
        then.connection,
        relations=then,
        state=question.word("state") or None,
        patient=question.patient,
        only_open=question.yes("open"),
        requester=question.word("requester") or None,
        target=question.word("target") or None,
        limit=question.offset + question.limit,
    )
    return [referral_json(each) for each in found[question.offset :]]


def _plans(then: PastRows, question: ListQuestion) -> Sequence[Json]:
    found = care_plans(
        then.connection,
        relations=then,
        state=question.word("state") or None,
        category=question.word("category") or None,
        organisation=question.word("organisation") or None,
        person=question.word("person") or None,
        patient=question.patient,
        limit=question.offset + question.limit,
    )
    return [plan_json(each) for each in found[question.offset :]]


def _transitions(then: PastRows, question: ListQuestion) -> Sequence[Json]:
    found = listed_transitions(
        then.connection,
        at=question.at,
        only_open=question.yes("open"),
        only_overdue=question.yes("overdue"),
        facility=question.word("facility"),
        state=question.word("state"),
        organisation=question.word("organisation"),
        person=question.word("person"),
        patient=question.patient,
        limit=question.offset + question.limit,
        relations=then,
    )
    return [listed_json(each) for each in found[question.offset :]]


def _duties(then: PastRows, question: ListQuestion) -> Sequence[Json]:
    wanted = DutyFilter(
        organisation=question.word("organisation"),
        person=question.word("person"),
        pool=question.word("pool"),
        kind=question.word("kind"),
        duty=question.word("duty"),
        patient=question.patient,
        only_open=question.yes("open"),
        only_overdue=question.yes("overdue"),
    )
    found = listed_duties(
        then.connection,
        wanted,
        at=question.at,
        limit=question.offset + question.limit,
        relations=then,
    )
    return [duty_json(each, question.at) for each in found[question.offset :]]


def _streams(kind: str) -> RowsOf:
    """Return the rows of a kind whose streams are found by terms.

    The filters are the terms, except for the state and, of attributions, the kind of the target.
    """

    def rows(then: PastRows, question: ListQuestion) -> Sequence[Json]:
        targets = (question.word("target_kind"),) if question.word("target_kind") else _TARGETS
        wanted = [
            WantedTerm(terms=targets if each.name in _OF_TARGETS else (each.name,), code=code)
            for each in LISTINGS[kind].filters
            if each.name != "state" and question.asked.get(each.name)
            for code in ["" if each.is_yes or each.choices else question.word(each.name)]
        ]
        found = streams_with(
            then.connection,
            kind,
            at=question.at,
            state=question.word("state"),
            wanted=wanted,
            patient=question.patient,
            limit=question.offset + question.limit,
            relations=then,
        )
        return streams_json(then, kind, found[question.offset :])

    return rows


_OF_TARGETS: Final = frozenset({"target", "target_kind"})
_TARGETS: Final = next(
    each.choices for each in LISTINGS["attribution"].filters if each.name == "target_kind"
)

#: By the name of the list.
ROWS: Final[Mapping[str, RowsOf]] = {
    "attribution": _streams("attribution"),
    "care_plan": _plans,
    "care_team": _streams("care_team"),
    "duty": _duties,
    "medication_list": _streams("medication_list"),
    "referral": _referrals,
    "transition": _transitions,
    "work": _streams("work"),
}
