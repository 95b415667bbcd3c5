"""Attribution: the practice, practitioner, payer or programme that a person belongs to.

A person may be attributed by several sources at once. The sources have an order. If two of them
name different targets of one kind at the same time, all are shown, and the conflict is flagged.

``since`` and ``until`` are the period of an attribution. ``happened_at`` is when it was told. A
roster of today may speak of last month. The file has the facts first, then the state that the facts
lead to, then the rules.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, ClassVar, Final, Literal, TypeAlias, assert_never, get_args

from pydantic import Field
from typing_extensions import override

from domain.combined_streams import combined
from domain.decider import Decider, StatedTime, StreamEvent, decide, fold
from domain.errors import AnotherPatient, AttributionPeriodEmpty, DomainError, NotAttributed
from domain.events import UUID_TEXT, Code, EnteredInError, OptionalCode, OwnEvent
from domain.ids import RecordId, StreamId
from domain.statement import Moment
from domain.stream_kind import StreamKind

TargetKind: TypeAlias = Literal["practice", "practitioner", "payer", "programme"]
AttributionSource: TypeAlias = Literal["roster", "pd1", "in1", "command"]
#: The sources that a person can name who records an attribution.
RecordedSource: TypeAlias = Literal["command", "pd1", "in1"]
EndReason: TypeAlias = Literal[
    "not_on_roster", "other_target", "moved_away", "patient_wish", "ended", "other"
]


# --- facts ----------------------------------------------------------------------------------------


class AttributionFact(OwnEvent):
    """A fact about one attribution of a person: who is named, and by which source."""

    record: Annotated[RecordId, Field(pattern=UUID_TEXT)]
    """Source record of the patient as the caller named it."""
    target_kind: TargetKind
    """What the person is attributed to."""
    target: Code
    """Code of the practice, practitioner, payer or programme."""
    source: AttributionSource = "command"
    """Where the attribution comes from."""
    roster: OptionalCode = ""
    """Id of the roster; empty: not from a roster."""

    @override
    def counts_as_of(self, at: datetime) -> bool:
        """Return True: an attribution states its period itself, so it may be told later."""
        return True


class Attributed(AttributionFact):
    """A person is attributed to a target. Sealed: a note."""

    TOPIC: ClassVar[str] = "attribution.attributed.v1"

    since: Moment
    """The beginning of the period."""
    until: Moment | None = None
    """The end of the period; null: it goes on."""
    own_wish: bool = False
    """Whether the person asked for it. Then it precedes every other attribution."""
    row: Annotated[int, Field(ge=0)] | None = None
    """Line of the roster file; null: not from a roster."""


class AttributionEnded(AttributionFact):
    """An attribution ends. Sealed: a note."""

    TOPIC: ClassVar[str] = "attribution.ended.v1"

    until: Moment
    """The end of the period."""
    reason: EndReason = "ended"
    """Why."""


class AttributionEnteredInError(EnteredInError):
    """An event of the attribution is void. Sealed: a note."""

    TOPIC: ClassVar[str] = "attribution.entered_in_error.v1"


AttributionEvent: TypeAlias = Attributed | AttributionEnded | AttributionEnteredInError
AttributionHistory: TypeAlias = Sequence[StreamEvent[AttributionEvent]]
#: The other streams of the person, by id: those of other source records.
OtherAttributions: TypeAlias = Mapping[StreamId, AttributionHistory]


# --- the state ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionPeriod:
    """One attribution of a person. ``until`` is None if no end is known."""

    fact: Attributed
    until: Moment | None
    ended: EndReason | None = None  # None: no event ended it before its stated end

    @property
    def rank(self) -> int:
        """Return the place of its source in the order of precedence, from 1.

        The person's own wish comes first, then a command, a roster, and what the hospital stated.
        """
        return 1 if self.fact.own_wish else _RANKS[self.fact.source]

    def holds_at(self, at: datetime) -> bool:
        """Tell whether the attribution is in force at an instant."""
        return self.fact.since.at <= at and (self.until is None or at < self.until.at)

    def overlaps(self, since: Moment, until: Moment | None) -> bool:
        """Tell whether the attribution has an instant in common with a period."""
        begins_before = until is None or self.fact.since.at < until.at
        return begins_before and (self.until is None or since.at < self.until.at)

    def conflicts_with(self, other: "AttributionPeriod") -> bool:
        """Tell whether two attributions name different targets of one kind at the same time."""
        return (
            self.fact.target_kind == other.fact.target_kind
            and self.fact.target != other.fact.target
            and self.overlaps(other.fact.since, other.until)
        )


_RANKS: Final[Mapping[AttributionSource, int]] = {"command": 2, "roster": 3, "pd1": 4, "in1": 4}


@dataclass(frozen=True, slots=True)
class Attributions:
    """All attributions of a person, in the order in which they were told.

    It is one value and no union of states, because every attribution moves on its own.
    """

    periods: tuple[AttributionPeriod, ...] = ()

    def at(self, at: datetime) -> tuple[AttributionPeriod, ...]:
        """Return the attributions in force at an instant, by precedence, the latest first."""
        return by_precedence(each for each in self.periods if each.holds_at(at))

    def conflicting(self) -> tuple[AttributionPeriod, ...]:
        """Return the attributions that conflict with another one."""
        return tuple(
            each
            for each in self.periods
            if any(each.conflicts_with(other) for other in self.periods)
        )


#: The person is attributed to nothing.
NO_ATTRIBUTIONS: Final = Attributions()


def by_precedence(periods: Iterable[AttributionPeriod]) -> tuple[AttributionPeriod, ...]:
    """Return attributions by the precedence of their sources; of one source, the latest first."""
    return tuple(
        sorted(
            periods,
            key=lambda one: (
                one.rank, -one.fact.since.at.timestamp(), one.fact.target_kind, one.fact.target,
                one.fact.roster,
            ),
        )
    )  # fmt: skip


def evolve(state: Attributions, event: AttributionEvent) -> Attributions:
    """Apply one fact. A fact that the state does not allow changes nothing."""
    if refusal(state, event) is not None:
        return state
    match event:
        case Attributed():
            kept = (
                replace(each, until=event.since, ended="other_target")
                if _gives_way(each, event)
                else each
                for each in state.periods
                if not (_is_same(each.fact, event) and each.overlaps(event.since, event.until))
                and not (_gives_way(each, event) and each.fact.since.at >= event.since.at)
            )
            return Attributions((*kept, AttributionPeriod(fact=event, until=event.until)))
        case AttributionEnded():
            return Attributions(
                tuple(
                    replace(each, until=event.until, ended=event.reason)
                    if _is_cut(each, event)
                    else each
                    for each in state.periods
                    if not (_is_cut(each, event) and each.fact.since.at >= event.until.at)
                )
            )
        case AttributionEnteredInError():
            return state
        case _:
            assert_never(event)


def refusal(state: Attributions, event: AttributionEvent) -> DomainError | None:
    """Return why the state does not allow an event; None if it allows the event."""
    match event:
        case Attributed():
            empty = event.until is not None and event.until.at <= event.since.at
            return AttributionPeriodEmpty(event.since.at) if empty else None
        case AttributionEnded():
            found = any(_is_cut(each, event) for each in state.periods)
            return None if found else NotAttributed(event.target_kind, event.target)
        case AttributionEnteredInError():
            return None
        case _:
            assert_never(event)


def _is_same(one: AttributionFact, other: AttributionFact) -> bool:
    """Tell whether two facts are about one attribution."""
    return (one.target_kind, one.target, one.source, one.roster) == (
        other.target_kind, other.target, other.source, other.roster
    )  # fmt: skip


def _gives_way(period: AttributionPeriod, event: Attributed) -> bool:
    """Tell whether an attribution ends because its roster names another target of its kind.

    The rule is part of the fold, because a fact that is told late may come between two others.
    """
    return (
        event.roster != ""
        and (period.fact.source, period.fact.roster) == (event.source, event.roster)
        and period.fact.target_kind == event.target_kind
        and period.fact.target != event.target
        and period.overlaps(event.since, event.until)
    )


def _is_cut(period: AttributionPeriod, event: AttributionEnded) -> bool:
    """Tell whether an end shortens a period, or takes it away if it has not begun by then."""
    return _is_same(period.fact, event) and (
        period.until is None or event.until.at < period.until.at
    )


ATTRIBUTION: Final = Decider[Attributions, AttributionEvent](Attributions(), evolve, refusal)


KIND: Final = StreamKind[Attributions, AttributionEvent](
    name="attribution",
    decider=ATTRIBUTION,
    events=get_args(AttributionEvent),
    error_mark=AttributionEnteredInError,
)


# --- rules ----------------------------------------------------------------------------------------


def attribute(
    stream: StreamId,
    history: AttributionHistory,
    fact: Attributed,
    *,
    others: OtherAttributions,
    time: StatedTime,
) -> list[AttributionEvent]:
    """Attribute a person. ``fact`` has the time of ``time``.

    A roster names one target of a kind at a time. So other attributions by the same roster end when
    the new one begins. Nothing is recorded if the attribution exists with the same period.

    Args:
        stream: The stream.
        history: Its events.
        fact: The attribution.
        others: The other streams of the person.
        time: When it was told.

    Raises:
        AnotherPatient: The stream has events of another source record.
        AttributionPeriodEmpty: The period ends before it begins.
        DomainError: See ``domain.decider.decide``.
    """
    whole = _whole(stream, history, fact, others)
    state = fold(ATTRIBUTION, whole).state
    if any(says_the_same(each, fact) for each in state.periods) and _is_told(whole, fact, time):
        return []
    ends = [
        _end_of(each, fact, fact.since, "other_target")
        for each in state.periods
        if _gives_way(each, fact)
    ]
    return decide(ATTRIBUTION, whole, [*ends, fact], time=time.as_stated())


def end(
    stream: StreamId,
    history: AttributionHistory,
    ended: AttributionEnded,
    *,
    others: OtherAttributions,
    time: StatedTime,
) -> list[AttributionEvent]:
    """End an attribution. ``ended`` has the time of ``time``.

    Raises:
        AnotherPatient: The stream has events of another source record.
        NotAttributed: No such attribution goes on until then.
        DomainError: See ``domain.decider.decide``.
    """
    whole = _whole(stream, history, ended, others)
    state = fold(ATTRIBUTION, whole).state
    if (
        refusal(state, ended) is not None
        and any(
            _is_same(each.fact, ended)
            and each.until is not None
            and each.until.at == ended.until.at
            and each.ended == ended.reason
            for each in state.periods
        )
        and _is_told(whole, ended, time)
    ):
        return []
    return decide(ATTRIBUTION, whole, [ended], time=time.as_stated())


def _is_told(whole: AttributionHistory, fact: AttributionFact, time: StatedTime) -> bool:
    """Tell whether no event about the attribution is missing for what is sealed with a fact."""
    return time.content_ref is None or any(
        type(each.event) is type(fact)
        and _is_same(each.event, fact)
        and each.event.content_ref == time.content_ref
        for each in fold(ATTRIBUTION, whole).applied
        if isinstance(each.event, AttributionFact)
    )


def says_the_same(period: AttributionPeriod, fact: Attributed) -> bool:
    """Tell whether an attribution is in the state as a fact says it.

    The line of a roster is not compared: a roster that is sorted in another way says the same.
    """
    return (
        _is_same(period.fact, fact)
        and period.fact.since.at == fact.since.at
        and (period.until.at if period.until else None) == (fact.until.at if fact.until else None)
        and period.fact.own_wish == fact.own_wish
    )


def _end_of(
    period: AttributionPeriod, by: Attributed, until: Moment, reason: EndReason
) -> AttributionEnded:
    named = period.fact
    return AttributionEnded(
        record=by.record,
        mode=by.mode,
        happened_at=by.happened_at,
        origin=by.origin,
        target_kind=named.target_kind,
        target=named.target,
        source=named.source,
        roster=named.roster,
        until=until,
        reason=reason,
    )


def _whole(
    stream: StreamId,
    history: AttributionHistory,
    event: AttributionFact,
    others: OtherAttributions,
) -> AttributionHistory:
    if any(each.event.record != event.record for each in history):
        raise AnotherPatient
    return combined({**others, stream: history})
