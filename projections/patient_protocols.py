"""The protocols of a component as they count for each of its patients.

A protocol may have lines for the patients of a payer or programme. The attributions of a patient
choose them (``domain.rules.Protocols.at``).
"""

from collections.abc import Callable, Mapping

from domain.attribution import ATTRIBUTION, KIND, NO_ATTRIBUTIONS, Attributions
from domain.decider import fold
from domain.ids import PatientId, RecordId
from domain.rules import Protocols
from projections.engine.course import Course
from projections.person_streams import by_person


def attributions_by_patient(course: Course) -> Mapping[PatientId, Attributions]:
    """Return the attributions of the patients of a component that have any."""
    return {
        person.patient_id: fold(ATTRIBUTION, person.history).state
        for person in by_person(course, KIND.events)
    }


def patient_protocols(course: Course) -> Callable[[RecordId], Protocols]:
    """Return what gives the protocols for the patient of a source record."""
    published = course.protocols
    known = attributions_by_patient(course) if published.have_lines else {}
    if not known:
        return lambda _record: published
    return lambda record: published.of_patient(
        known.get(course.patient_of(record), NO_ATTRIBUTIONS)
    )
