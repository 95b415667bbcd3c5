"""Read what PV1 and ZBE state about a visit: numbers, class, places, times, disposition."""

from collections.abc import Sequence
from typing import Final, TypedDict

from consumers.hl7v2.chosen_numbers import visit_number
from consumers.hl7v2.coded_fields import coded
from consumers.hl7v2.codes import disposition, encounter_class
from consumers.hl7v2.findings import Findings
from consumers.hl7v2.numbers import visit_ref
from consumers.hl7v2.places import Places
from consumers.hl7v2.profiles import Profile
from consumers.hl7v2.reader import Message, Segment, at
from consumers.hl7v2.stated_number import FieldContext, StatedNumber
from consumers.hl7v2.times import Times
from domain.ids import VisitRef
from domain.statement import EncounterClass, Moment, Movement, Place
from domain.triggers import Reads, Trigger

#: Fields that name the visit which goes on under a new number, by the field of the new number.
_PRIOR: Final = {
    "PV1-19": ("MRG-5", "MRG-3"),
    "PID-18": ("MRG-3", "MRG-5"),
    "PV1-50": ("MRG-6", "MRG-5", "MRG-3"),
}
#: The field of the same numbers outside of MRG.
_SAME: Final = {"MRG-3": "PID-18", "MRG-5": "PV1-19", "MRG-6": "PV1-50"}


class VisitFacts(TypedDict, total=False):
    """The members of a ``Statement`` that are about a visit."""

    admitted: Moment | None
    discharged: Moment | None
    class_as_sent: str
    class_code: EncounterClass
    place: Place | None
    prior_place: Place | None
    temporary_place: Place | None
    pending_place: Place | None
    admission_type: str
    service: str
    admit_source: str
    disposition: str
    disposition_code: str
    visit: VisitRef | None
    visit_field: str
    visit_other_form: VisitRef | None
    prior_visit: VisitRef | None
    movement: Movement | None


def visit_facts(  # noqa: PLR0913  # what one visit is read from
    message: Message,
    row: Trigger,
    *,
    context: FieldContext,
    places: Places,
    times: Times,
    sent: Moment | None,
    numbers: Sequence[StatedNumber],
    own: str,
    findings: Findings,
) -> VisitFacts:
    """Read what is stated about the visit; nothing if the trigger is about a person.

    ``own`` is the authority of the record number.
    """
    if not row.reads_visit:
        return {}
    profile = context.profile
    pv1 = message.first.get("PV1")
    facts = _visit(row, numbers, context, own, findings)
    if profile.movement_ids:
        facts["movement"] = _movement(message.first.get("ZBE"), context, findings)
    if pv1 is None:
        return facts
    latest = None if row.may_be_future else sent
    class_as_sent = coded(at(pv1, 2), "PV1-2", context, findings, known=profile.classes)
    service = coded(at(pv1, 10), "PV1-10", context, findings, known=profile.services)
    disposition_sent = coded(at(pv1, 36), "PV1-36", context, findings, known=profile.dispositions)
    facts |= {
        "admitted": times.of_event(at(pv1, 44), "PV1-44", latest),
        "discharged": times.of_event(at(pv1, 45), "PV1-45", latest),
        "class_as_sent": class_as_sent,
        "class_code": _class(class_as_sent, service, profile),
        "place": places.read(3),
        "prior_place": places.read(6),
        "temporary_place": places.read(11),
        "pending_place": places.read(42),
        "admission_type": coded(at(pv1, 4), "PV1-4", context, findings),
        "service": service,
        "admit_source": coded(at(pv1, 14), "PV1-14", context, findings),
    }
    if disposition_sent:
        facts["disposition"] = disposition_sent
        facts["disposition_code"] = profile.dispositions.get(disposition_sent) or disposition(
            disposition_sent
        )
    return facts


def _visit(
    row: Trigger,
    numbers: Sequence[StatedNumber],
    context: FieldContext,
    own: str,
    findings: Findings,
) -> VisitFacts:
    """Return the visit, and of a change of class the visit that goes on."""
    fields = context.profile.visit_number
    number = visit_number(numbers, fields, context, findings)
    facts: VisitFacts = {"visit": VisitRef(number.ref) if number else None}
    if number and number.other:
        facts["visit_other_form"] = VisitRef(number.other)
    field = number.field if number else fields[0]
    if number and field != fields[0]:
        facts["visit_field"] = field
    if row.reads is Reads.CONTINUED_VISIT:
        prior = visit_number(numbers, _PRIOR[field], context, findings)
        facts["prior_visit"] = VisitRef(prior.ref) if prior else None
        if prior and field != fields[0]:
            same = _SAME[prior.field]
            theirs = same if same in fields else field
            facts["prior_visit"] = visit_ref(prior, theirs, context, own=own)
    return facts


def _class(sent: str, service: str, profile: Profile) -> EncounterClass:
    """Return the class: by service, else by the sender's own code, else by HL7 table 0004."""
    return (
        (profile.services.get(service) if service else None)
        or profile.classes.get(sent)
        or encounter_class(sent)
    )


def _movement(zbe: Segment | None, context: FieldContext, findings: Findings) -> Movement | None:
    """Read ZBE: the id under which the sender can correct a movement (IHE ITI TF-2, 3.31)."""
    # verify: the field numbers were taken from the public text of IHE ITI TF-2.
    delimiters = context.delimiters
    parts = delimiters.parts((delimiters.repetitions(at(zbe, 1)) or [""])[0])
    number, authority = parts[0].strip(), "^".join(parts[1:4])
    if not number:
        return None
    return Movement(
        ref=context.id_key.ref("movement", context.namespace, authority, number, context.mode),
        action=coded(at(zbe, 4), "ZBE-4", context, findings).upper(),
        historic=delimiters.code(at(zbe, 5)).upper() == "Y",
    )
