"""Decide a command on an own stream, and record the decision exactly once."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NamedTuple, assert_never

import structlog

from commands.authority import Authority, in_allowed_role
from commands.command import Command, Context, VoidEvent
from commands.lifetimes import refusals_by_life
from commands.organisations import Organisations, every_organisation
from commands.ports.facts import Facts
from commands.ports.store import CannotStore, RightMissing, StoreUnavailable
from commands.ports.streams import (
    AppendResult,
    CommandKey,
    CommandOutcome,
    DecidedEvent,
    StreamAppend,
    StreamConflict,
    StreamOfOtherKind,
    Streams,
    StreamView,
)
from commands.sealed_content import SealedContent
from commands.sensitive_codes import NO_CODES, SensitiveCodes
from domain.body import Actor
from domain.decider import CLOCK_TOLERANCE, StatedTime, StreamEvent
from domain.errors import (
    DomainError,
    KeyReused,
    PurposeMissing,
    UnknownStream,
    VersionConflict,
)
from domain.events import OwnEvent
from domain.ids import EventId, IdKey, RecordId
from domain.statement import Moment

log = structlog.get_logger()

#: How often a command is decided, if another writer appends first each time.
ATTEMPTS: Final = 5
#: How often a command is decided again after a lost answer, if the read shows no outcome.
RESENDS: Final = 1
#: How often outcomes are read back, if the store does not answer.
READS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The actor of a command, its idempotency key, and the stream version the caller has seen."""

    actor: Actor
    key: str = ""  # idempotency key; empty if the caller gave none
    expected_version: int | None = None  # None: any version
    #: What the person may do. None: the caller is at the command line, and states no role.
    authority: Authority | None = None


class GivenCommand(NamedTuple):
    """A command, who gives it, and the codes of warnings that the interface has found."""

    command: Command
    caller: Caller
    noticed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """Decides commands, with the streams, what is known of persons, the time and new ids."""

    streams: Streams
    facts: Facts
    id_key: IdKey
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    sensitive: SensitiveCodes = NO_CODES
    organisations: Callable[[], Organisations] = every_organisation

    def record(
        self, command: Command, caller: Caller, *, noticed: Sequence[str] = ()
    ) -> CommandOutcome:
        """Read the stream, decide, and append at the version that was read.

        If the key of the command was recorded before, nothing changes and the recorded outcome is
        returned, with the warnings of that time. If another writer appends first, the command is
        decided again. If the store does not answer, the outcome is read back by the key.

        Args:
            command: The command.
            caller: Who gives it.
            noticed: Codes of warnings that the interface has found, beside those of the command.

        Raises:
            DomainError: The rules or the role of the caller refuse the command. Nothing was
                recorded.
            CannotStore: The store refuses the content of the command. Nothing was recorded.
            RightMissing: The database does not let caretrail record it. Nothing was recorded.
            StoreUnavailable: The outcome is unknown: repeat the command with the same key.
        """
        (found,) = self.record_all([GivenCommand(command, caller, tuple(noticed))])
        if isinstance(found, Exception):
            raise found
        return found

    def record_all(self, given: Sequence[GivenCommand]) -> list[CommandOutcome | Exception]:
        """Record several commands together, and return the outcome of each, in order.

        The commands share reads and a transaction, but each is decided on its own: the error of a
        command is returned in its place, and the others are recorded. See ``record``. Commands on
        one stream are decided one after the other, in the order given.
        """
        found, attempts = dict[int, CommandOutcome | Exception](), list[_Attempt]()
        for place, each in enumerate(given):
            try:
                attempts.append(_Attempt(place, each, self._key(each.command, each.caller)))
            except Exception as error:  # noqa: BLE001 - it is the answer to this command alone
                found[place] = error
        while waiting := [one for one in attempts if one.place not in found]:
            found |= self._take_turns(_apart(waiting))
        return [found[place] for place in range(len(given))]

    def _key(self, command: Command, caller: Caller) -> CommandKey:
        """Return the key of a command, with the actor in the role that allows it.

        Raises:
            DomainError: The caller may not give the command.
        """
        if caller.actor.kind == "person" and not caller.actor.purpose:
            raise PurposeMissing
        return CommandKey(
            actor=self._acting(command, caller),
            key=caller.key or self.new_id(),
            content=_content(command),
        )

    def _take_turns(self, turn: Sequence["_Attempt"]) -> dict[int, CommandOutcome | Exception]:
        """Decide commands on different streams, append, and return what was found, by place.

        A command that is left out is looked at again: another writer appended first, or the answer
        was lost.
        """
        try:
            views = self._look(turn)
            facts = self._facts_for(turn, views)
        except StoreUnavailable as error:
            return {each.place: error for each in turn}
        found, decisions = dict[int, CommandOutcome | Exception](), list[_CommandDecision]()
        for one, view in zip(turn, views, strict=True):
            try:
                decided = self._decide(one, view, facts)
            except Exception as error:  # noqa: BLE001 - it is the answer to this command alone
                found[one.place] = error
                continue
            if isinstance(decided, CommandOutcome):
                found[one.place] = decided
            else:
                decisions.append(_CommandDecision(one, decided))
        refused = refusals_by_life(
            [
                (one.place, one.given.command, [each.event for each in append.events])
                for one, append in decisions
            ],
            facts,
        )
        found |= refused
        decisions = [each for each in decisions if each.attempt.place not in refused]
        results = self.streams.append_all([each.append for each in decisions]) if decisions else []
        for (one, append), result in zip(decisions, results, strict=True):
            try:
                outcome = self._outcome(one, append, result)
            except (DomainError, CannotStore, StoreUnavailable) as error:
                found[one.place] = error
            else:
                if outcome is not None:
                    found[one.place] = outcome
        return found

    def _look(
        self, turn: Sequence["_Attempt"]
    ) -> list[StreamView | StreamOfOtherKind | ValueError]:
        """Return the streams of commands, and what each command has recorded already.

        Raises:
            StoreUnavailable: The store does not answer. If answers were lost, it was asked again.
        """
        wanted = [(each.given.command.stream, each.key) for each in turn]
        if any(each.lost for each in turn):
            for _ in range(READS - 1):
                with suppress(StoreUnavailable):
                    return self.streams.look(wanted)
        return self.streams.look(wanted)

    def _facts_for(
        self,
        turn: Sequence["_Attempt"],
        views: Sequence[StreamView | StreamOfOtherKind | ValueError],
    ) -> Facts:
        """Return the facts for commands that are decided together."""
        beginning = {each.given.command.named_record() for each in turn} - {None}
        records = {
            view.history[0].event.record
            for view in views
            if isinstance(view, StreamView) and view.history
        }
        return self.facts.together(
            {each for each in records | beginning if each is not None},
            beginning={each for each in beginning if each is not None},
        )

    def _decide(
        self,
        one: "_Attempt",
        view: StreamView | StreamOfOtherKind | ValueError,
        facts: Facts,
    ) -> StreamAppend | CommandOutcome:
        """Return what to append for a command, or its outcome if nothing is to be appended.

        Raises:
            DomainError: The command is refused.
            StoreUnavailable: Its answers were lost too often.
        """
        command, caller, noticed = one.given
        if isinstance(view, StreamOfOtherKind):
            raise UnknownStream(command.stream) from None
        if isinstance(view, ValueError):
            raise view
        if view.earlier is not None:
            return _same(view.earlier)
        if one.lost is not None and not one.left:
            raise one.lost
        history = view.history
        moment = command.happened_at or Moment(at=self.now())
        command = self.organisations().named_by(command, moment).sealing(self.sensitive)
        context = self._context(command, one.key.actor, facts, history)
        version = history[-1].version if history else 0
        if caller.expected_version not in {None, version}:
            raise VersionConflict(expected=caller.expected_version or 0, actual=version)
        events = command.decide(history, context)
        if not events and not caller.key:
            return CommandOutcome(stream=command.stream, version=version, warnings=noticed)
        return StreamAppend(
            stream=command.stream,
            events=self._decided(command, events),
            expected_version=version,
            key=one.key,
            warnings=(*noticed, *command.warnings(history, context)),
        )

    def _outcome(
        self, one: "_Attempt", append: StreamAppend, result: AppendResult
    ) -> CommandOutcome | None:
        """Return the outcome of a command; None if it is not known or nothing was recorded.

        Raises:
            DomainError, CannotStore: The command is refused.
            RightMissing: The database does not take it.
        """
        match result:
            case CommandOutcome():
                return _same(result)
            case StreamConflict():
                log.info("stream.conflict", stream=append.stream, version=append.expected_version)
                one.left -= 1
                if not one.left:
                    raise VersionConflict(expected=append.expected_version, actual=None)
            case RightMissing() | CannotStore():
                raise result
            case StoreUnavailable():
                log.warning("command.outcome_unknown", stream=append.stream)
                one.left = min(one.left, RESENDS) if one.lost is None else 0
                one.lost = result
            case _:
                assert_never(result)
        return None

    def _context(
        self,
        command: Command,
        actor: Actor,
        facts: Facts,
        history: Sequence[StreamEvent[OwnEvent]],
    ) -> Context:
        return Context(
            time=StatedTime(
                _present(self.now(), history),
                command.happened_at,
                content_ref=_sealed(command).ref(self.id_key, command.stream),
            ),
            actor=actor,
            facts=facts,
            id_key=self.id_key,
        )

    def _acting(self, command: Command, caller: Caller) -> Actor:
        """Return the actor with the role in which the command is allowed.

        Raises:
            RoleNotAllowed: No role of the caller allows it.
        """
        if caller.authority is None:
            return caller.actor
        author = None
        if isinstance(command, VoidEvent):
            author = self.streams.actor_of(command.event_id)
        return in_allowed_role(
            command, caller.actor, caller.authority, author=author, known=self.organisations()
        )

    def _decided(self, command: Command, events: Sequence[OwnEvent]) -> list[DecidedEvent]:
        ids = [EventId(self.new_id()) for _ in events]
        decided = [
            DecidedEvent(event_id=event_id, event=event, facility=command.facility())
            for event_id, event in zip(ids, events, strict=True)
        ]
        if not decided:
            return decided
        last = decided[-1]
        # The text is sealed under the key of the patient, so that erasing that key erases the text.
        # A stream that names no patient has a key of its own.
        segments = _sealed(command).segments(last.event.record or RecordId(command.stream))
        return [*decided[:-1], replace(last, segments=segments)]


def _sealed(command: Command) -> SealedContent:
    return SealedContent.of(command.texts(), command.clinical())


@dataclass(slots=True)
class _Attempt:
    """A command that is being recorded."""

    place: int  # among the commands that are recorded together
    given: GivenCommand
    key: CommandKey
    left: int = ATTEMPTS  # how often it may still be decided
    lost: StoreUnavailable | None = None  # why the answer to its last append was lost


class _CommandDecision(NamedTuple):
    """A command that the rules accept, and what is to be appended for it."""

    attempt: _Attempt
    append: StreamAppend


def _apart(waiting: Sequence[_Attempt]) -> list[_Attempt]:
    """Return the commands that can be recorded together: no two have one stream or one key."""
    found, taken = list[_Attempt](), set[tuple[str, ...]]()
    for each in waiting:
        actor = each.key.actor
        names = {
            ("stream", each.given.command.stream),
            ("key", actor.kind, actor.issuer, actor.subject, each.key.key),
        }
        if taken.isdisjoint(names):
            found.append(each)
        taken |= names
    return found


def _present(now: datetime, history: Sequence[StreamEvent[OwnEvent]]) -> datetime:
    """Return the present, or the time of an event of the stream that is a little ahead of it.

    The clocks of two servers differ, a clock is set back, and a person may state a time that is
    ``CLOCK_TOLERANCE`` ahead. A command that states no time follows what was recorded before it.
    """
    latest = max((each.event.happened_at.at for each in history), default=now)
    return latest if now < latest <= now + CLOCK_TOLERANCE else now


def _same(outcome: CommandOutcome) -> CommandOutcome:
    """Return the outcome if it belongs to this command.

    Raises:
        KeyReused: It belongs to another command with the same key.
    """
    if not outcome.same_content:
        raise KeyReused
    return outcome


def _content(command: Command) -> str:
    """Return the command as text: equal commands give equal text."""
    fields = command.model_dump(mode="json")
    return json.dumps([command.KIND.name, command.VERB, fields], sort_keys=True)
