"""Try a protocol on the discharges that the read models hold. Nothing is recorded.

The courses are read in pages, so the memory does not grow with the number of discharges. Deaths and
readmissions are those that are known now.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final

from caretrail.reading.members import Json, instant
from caretrail.reading.past_courses import TwoClocks, known_protocols
from caretrail.reading.patient_index import Database
from domain.attribution import NO_ATTRIBUTIONS
from domain.catalogue import own_event
from domain.rules import Protocol, Protocols
from domain.transition.protocol_trial import (
    OUTCOMES,
    ProtocolTrial,
    StepOfKind,
    TrialCounts,
    TriedStep,
)
from projections.engine import course
from projections.engine.course import Course
from projections.engine.own_events import own_by_component, streams_of
from projections.patient_protocols import attributions_by_patient
from projections.transition import applied_events_of, reconciliations_of_patient

_AT_ONCE: Final = 200  # components

_COUNT: Final = """
select count(*) from proj.course
where %(since)s::timestamptz is null or latest_at >= %(since)s
"""
_NEXT: Final = """
select component from proj.course
where component > %(after)s and (%(since)s::timestamptz is null or latest_at >= %(since)s)
order by component
limit %(limit)s
"""


def try_protocol(
    connection: Database,
    proposed: Protocol,
    *,
    since: datetime | None,
    at: datetime,
    found: Callable[[TriedStep], None] = lambda _step: None,
    done: Callable[[int], None] = lambda _number: None,
) -> ProtocolTrial:
    """Return what the steps of past discharges were, and what they would have been.

    Args:
        connection: A connection to the read models.
        proposed: The protocol that is tried.
        since: Earlier discharges are left out; None: all count.
        at: The instant at which a step is done, late or overdue.
        found: Takes each step whose outcome differs.
        done: Takes the number of patients, linked records together, that were tried so far.
    """
    trial = ProtocolTrial(proposed, since, at)
    protocols = known_protocols(connection, TwoClocks(), own_event)
    number = 0
    for some in _pages(connection, since):
        for each in _courses(connection, some, protocols):
            events = applied_events_of(each)
            attributions = attributions_by_patient(each)
            for patient in each.patients:
                if patient.mode == "P":
                    for step in trial.add(
                        patient.encounters,
                        death=patient.death,
                        events=events,
                        protocols=each.protocols,
                        medications=reconciliations_of_patient(each, patient),
                        attributions=attributions.get(patient.patient_id, NO_ATTRIBUTIONS),
                    ):
                        found(step)
        number += len(some)
        done(number)
    return trial


def to_try(connection: Database, since: datetime | None) -> int:
    """Return the number that ``done`` of ``try_protocol`` reaches."""
    row = connection.execute(_COUNT, {"since": since}).fetchone()
    assert row is not None  # noqa: S101  # a count is always one row
    return int(row[0])


def _pages(connection: Database, since: datetime | None) -> Iterator[list[str]]:
    after = ""
    while True:
        asked = {"after": after, "since": since, "limit": _AT_ONCE}
        some = [component for (component,) in connection.execute(_NEXT, asked)]
        if not some:
            return
        yield some
        after = some[-1]


def _courses(
    connection: Database, components: Sequence[str], protocols: Protocols
) -> Iterator[Course]:
    patients = course.read(connection, "proj", components)
    own = own_by_component(connection, "proj", components)
    for component in components:
        yield Course(
            component=component,
            patients=patients.get(component, ()),
            streams=streams_of(own[component], own_event),
            protocols=protocols,
        )


def trial_json(trial: ProtocolTrial) -> Json:
    """Return the counts of a trial: each step with the protocols in force, and as proposed."""
    before, after = trial.before, trial.after
    kinds = dict.fromkeys((*after.transitions, *before.transitions))
    steps = dict.fromkeys((*after.steps, *before.steps))
    return {
        "dry_run": True,
        "name": trial.proposed.name,
        "version": trial.proposed.version,
        "since": instant(trial.since),
        "as_of": instant(trial.at),
        "kinds": [
            {
                "kind": kind,
                "discharges_before": before.transitions[kind],
                "discharges_after": after.transitions[kind],
                "steps": [
                    {
                        "step": each.step,
                        "before": _counts(before, each),
                        "after": _counts(after, each),
                    }
                    for each in steps
                    if each.kind == kind
                ],
            }
            for kind in sorted(kinds)
        ],
    }


def _counts(counts: TrialCounts, step: StepOfKind) -> Json | None:
    """Return the outcomes of a step, with their sum; None: the protocol has no such step."""
    found = counts.steps.get(step)
    if found is None:
        return None
    return {"owed": found.total(), **{each: found[each] for each in OUTCOMES}}


def tried_json(step: TriedStep) -> Json:
    """Return a step whose outcome differs, with the encounter that ended."""
    return {
        "encounter_id": step.encounter_id,
        "kind": step.of.kind,
        "step": step.of.step,
        "before": step.before,
        "after": step.after,
    }
