"""The streams of a kind that has one stream per source record, combined by person."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Generic, TypeVar

from domain.combined_streams import combined
from domain.decider import StreamEvent
from domain.events import OwnEvent
from domain.ids import Mode, PatientId, RecordId, StreamId
from projections.engine.course import Course
from projections.engine.events import FiledOwnEvent

Event = TypeVar("Event", bound=OwnEvent)


# No slots: on Python 3.11 a frozen generic dataclass with slots cannot be called with parameters.
@dataclass(frozen=True, kw_only=True)
class PersonStream(Generic[Event]):
    """The events of all streams of one kind that name source records of one person."""

    patient_id: PatientId
    mode: Mode
    streams: Mapping[RecordId, StreamId]  # by the source record that each of them names
    history: Sequence[StreamEvent[Event]]
    filed: Sequence[FiledOwnEvent]

    @property
    def arrival(self) -> tuple[object, object, object]:
        """The columns ``ARRIVAL``: the last event, and when the first and last were recorded."""
        return (
            max(each.index for each in self.filed),
            min(each.recorded_at for each in self.filed),
            max(each.recorded_at for each in self.filed),
        )


def history(
    events: Iterable[FiledOwnEvent], types: tuple[type[Event], ...]
) -> list[StreamEvent[Event]]:
    """Convert the filed events of a stream to events of its kind.

    Args:
        events: The events of one stream.
        types: The types of the kind; the stream has no others.
    """
    found: list[StreamEvent[Event]] = []
    for each in events:
        assert isinstance(each.core, types)  # noqa: S101  # the topic gives the type
        found.append(StreamEvent(each.event_id, each.version, each.core))
    return found


def by_person(course: Course, types: tuple[type[Event], ...]) -> list[PersonStream[Event]]:
    """Return the streams of one kind in a component, combined by person, in the order of ids."""
    found: dict[PatientId, dict[StreamId, Sequence[FiledOwnEvent]]] = {}
    for stream, events in course.streams.items():
        core = events[0].core
        if isinstance(core, types) and core.record is not None:
            patient = course.patient_of(core.record)
            found.setdefault(patient, {})[StreamId(stream)] = events
    return [_combined(patient, found[patient], types) for patient in sorted(found)]


def _combined(
    patient: PatientId,
    streams: Mapping[StreamId, Sequence[FiledOwnEvent]],
    types: tuple[type[Event], ...],
) -> PersonStream[Event]:
    events = combined({stream: history(filed, types) for stream, filed in streams.items()})
    return PersonStream(
        patient_id=patient,
        mode=events[0].event.mode,
        streams={each.records[0]: stream for stream, (each, *_) in sorted(streams.items())},
        history=events,
        filed=list(chain.from_iterable(streams.values())),
    )
