"""Transitions for the tests: statements and what people did in, transitions out."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import caretrail
from domain.attribution import ATTRIBUTION, Attributed, AttributionHistory, Attributions
from domain.decider import StreamEvent, fold
from domain.duties import Due
from domain.ids import EncounterId, EventId
from domain.interpretation import interpret
from domain.rules import Protocols, PublishedProtocol, parse_protocol
from domain.statement import Moment, Statement
from domain.transition.derived import DerivedTransition, Transition, transitions_of
from domain.transition.events import TransitionEvent, TransitionFact
from domain.transition.reconciliations import NO_RECONCILIATIONS, Reconciliations
from tests.domain.interpretation.statements import MONDAY, adt
from tests.domain.stream_properties import RECORD

E = TypeVar("E", bound=TransitionFact)

CONTENT = (Path(caretrail.__file__).parent / "default_protocol.toml").read_text("utf-8")
#: The default protocol, in force from the beginning of time.
PROTOCOLS = Protocols.of([PublishedProtocol(None, parse_protocol(CONTENT))])


def utc(text: str) -> datetime:
    """Return an instant: "2026-03-02 15:00" is in UTC, unless the text has an offset."""
    read = datetime.fromisoformat(text)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def on(text: str) -> str:
    """Return an instant as ``adt`` takes it."""
    at = utc(text)
    return f"{(at.date() - MONDAY.date()).days}d {at:%H:%M}"


def of_payer(payer: str, since: str) -> Attributions:
    """Return the attributions of a patient who belongs to a payer from an instant on."""
    moment = Moment(at=utc(since))
    fact = Attributed(
        record=RECORD, happened_at=moment, target_kind="payer", target=payer, since=moment
    )
    history: AttributionHistory = [StreamEvent(EventId("a1"), 1, fact)]
    return fold(ATTRIBUTION, history).state


def stay(
    begin: str, end: str | None, visit: str = "V1", *, sent: str = "01", **more: Any
) -> list[Statement]:
    """Return the admission and the discharge of a stay."""
    canonical = more.pop("canonical", "")
    admitted = adt("A01", on(begin), "W", visit=visit, **more)
    if end is None:
        return [admitted]
    discharge = adt(
        "A03", on(end), visit=visit, disposition_sent=sent, disposition=canonical, **more
    )
    return [admitted, discharge]


def act(kind: type[E], anchor: Statement, when: str, **members: Any) -> E:
    """Return what people did after a discharge. The ids of statements are short in these tests."""
    about: Any = {"record": anchor.record, "anchor": anchor.ref, **members}
    made: Any = kind.model_construct(happened_at=Moment(at=utc(when)), **about)
    assert isinstance(made, kind)
    return made


def encounter(first: Statement) -> EncounterId:
    """Return the id of the encounter with this first statement."""
    return EncounterId(first.ref)


def transitions(
    statements: Sequence[Statement],
    *acts: TransitionEvent,
    protocols: Protocols = PROTOCOLS,
    medications: Reconciliations = NO_RECONCILIATIONS,
) -> list[DerivedTransition]:
    """Return the transitions of the only patient of some statements."""
    (patient,) = interpret(statements)
    applied: dict[EncounterId, list[StreamEvent[TransitionEvent]]] = {}
    for number, event in enumerate(sorted(acts, key=lambda each: each.happened_at.at), 1):
        (encounter,) = [
            each.encounter_id for each in patient.encounters if event.anchor in each.statements
        ]
        fact = StreamEvent(EventId(f"e{number}"), number, event)
        applied.setdefault(encounter, []).append(fact)
    return transitions_of(
        patient.encounters,
        death=patient.death,
        events=applied,
        protocols=protocols,
        medications=medications,
    )


def only(
    statements: Sequence[Statement],
    *acts: TransitionEvent,
    protocols: Protocols = PROTOCOLS,
    medications: Reconciliations = NO_RECONCILIATIONS,
) -> Transition:
    """Return the only transition."""
    (found,) = transitions(statements, *acts, protocols=protocols, medications=medications)
    assert isinstance(found, Transition)
    return found


def words(due: Due) -> str:
    """Return when something is due: a day, or an instant in UTC."""
    return due.on.isoformat() if due.on else f"{due.at:%Y-%m-%d %H:%M}"


def dates(transition: Transition) -> dict[str, str]:
    """Return when each step is due."""
    return {step.code: words(step.due) for step in transition.steps}


def step(transition: Transition, code: str) -> Any:
    """Return one step."""
    (found,) = [each for each in transition.steps if each.code == code]
    return found
