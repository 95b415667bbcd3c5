"""The lists of the API and the command line: what each of them can be asked.

The parameters of ``GET /referrals`` and the flags of ``caretrail referral ls`` are made from one
declaration, and so are those of every other list. This module imports nothing, because ``--help``
reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFilter:
    """What a list can be asked: a code, one of several words, or yes."""

    name: str  # of the parameter
    words: str  # "only referrals in this state"
    choices: tuple[str, ...] = ()
    is_yes: bool = False
    flag: str = ""  # of the command line, if it is not the name

    @property
    def flag_name(self) -> str:
        """The flag of the command line."""
        return f"--{self.flag or self.name.replace('_', '-')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list: of the own streams of one kind, or of what is derived."""

    name: str  # the kind of the streams, or "duty"
    noun: str  # several of its rows, such as "care plans"
    order: str  # "the newest first"
    filters: tuple[ListFilter, ...]
    #: Whether the rows state their periods themselves. Then a row that was told after the instant
    #: of as-of counts, if it was known.
    states_periods: bool = False

    @property
    def words(self) -> str:
        """What the list shows, in one line."""
        return f"list {self.noun}, {self.order}"


def _code(name: str, words: str) -> ListFilter:
    return ListFilter(name=name, words=words, flag="org" if name == "organisation" else "")


def _yes(name: str, words: str) -> ListFilter:
    return ListFilter(name=name, words=words, is_yes=True)


def _state(noun: str, *choices: str) -> ListFilter:
    return ListFilter(name="state", words=f"only {noun} in this state", choices=choices)


_VOID: Final = "entered_in_error"

_LISTED: Final = (
    Listing(
        name="referral",
        noun="referrals",
        order="the newest request first",
        filters=(
            _state(
                "referrals", "requested", "received", "returned_for_information",
                "information_sent", "accepted", "scheduled", "missed", "appointment_cancelled",
                "seen", "outcome_sent", "outcome_received", "cancellation_requested", "held",
                "declined", "patient_declined", "redirected", "cancelled", "closed", _VOID,
            ),
            _yes("open", "only referrals that have not ended"),
            _code("requester", "only referrals of this organisation"),
            _code("target", "only referrals to this organisation or pool"),
        ),
    ),
    Listing(
        name="care_plan",
        noun="care plans",
        order="the newest first",
        filters=(
            _state("plans", "draft", "active", "held", "completed", "revoked", _VOID),
            _code("category", "only plans of this category, such as transition"),
            _code("organisation", "only plans that this organisation answers for"),
            _code("person", "only plans that this person answers for"),
        ),
    ),
    Listing(
        name="medication_list",
        noun="medication lists",
        order="the newest first",
        filters=(
            _state("lists", "recorded", "reconciled", _VOID),
            _code("organisation", "only lists that this organisation recorded or reconciled"),
            _code("person", "only lists that this person recorded or reconciled"),
            _code("source", "only lists from this source, such as pharmacy"),
            _yes("not_compared", "only with a list that no reconciliation has compared"),
            _yes("open_discrepancy", "only with a discrepancy that is not resolved"),
        ),
    ),
    Listing(
        name="transition",
        noun="transitions",
        order="the most pressing first",
        filters=(
            _yes("open", "only those that are open, in their window"),
            _yes("overdue", "only those with an overdue step"),
            _code("facility", "only discharges from this facility"),
            _state("transitions", "open", "suspended", "completed", "closed", "withdrawn"),
            _code("organisation", "only transitions that this organisation answers for"),
            _code("person", "only transitions that this person answers for"),
        ),
    ),
    Listing(
        name="care_team",
        noun="care teams",
        order="the newest first",
        filters=(
            _state("teams", "active", "inactive", _VOID),
            _code("member", "only teams that this member is in"),
            _code("organisation", "only teams that this organisation, or a member of it, is in"),
            _code("coordinator", "only teams in which this member coordinates"),
            _code("handover_to", "only teams in which a handover to this member is open"),
        ),
    ),
    Listing(
        name="attribution",
        noun="attributions",
        order="the newest first",
        filters=(
            _state("attributions", "attributed", _VOID),
            ListFilter(
                name="target_kind",
                words="only with an attribution in force to such a target",
                choices=("practice", "practitioner", "payer", "programme"),
            ),
            _code("target", "only with an attribution in force to this target"),
            _code("roster", "only with an attribution in force by this roster"),
        ),
        states_periods=True,
    ),
    Listing(
        name="work",
        noun="work items that were claimed, put off or assigned",
        order="the newest first",
        filters=(
            _yes("claimed", "only items that a claim holds"),
            _yes("assigned", "only items that are assigned"),
            _yes("waiting", "only items that are put off"),
            _code("organisation", "only items that this organisation has claimed or is assigned"),
            _code("person", "only items that this person has claimed or is assigned"),
            _code("pool", "only items that are assigned to this pool"),
            _code("duty", "only items of this duty, such as referral.outcome"),
        ),
    ),
    Listing(
        name="duty",
        noun="duties",
        order="those that are not done first",
        filters=(
            _code("organisation", "only duties of this organisation"),
            _code("person", "only duties of this person"),
            _code("pool", "only duties of this pool"),
            _code("kind", "only duties about this kind of stream, such as referral"),
            _code("duty", "only duties with this code, such as referral.outcome"),
            _yes("open", "only duties that are not done"),
            _yes("overdue", "only duties that are overdue"),
        ),
    ),
)  # fmt: skip

#: By name.
LISTINGS: Final[Mapping[str, Listing]] = MappingProxyType({each.name: each for each in _LISTED})
