"""Read the identifiers and numbers of a message: refs for the core, the numbers to be sealed."""

from functools import lru_cache
from typing import Final

from consumers.hl7v2.chosen_numbers import record_number
from consumers.hl7v2.number_values import both_forms, shown_authority, values_of
from consumers.hl7v2.placeholders import is_placeholder, stands_for_nothing
from consumers.hl7v2.reader import Segment, at
from consumers.hl7v2.stated_number import FieldContext, StatedNumber
from consumers.hl7v2.text_cache import cached_by_text
from domain.ids import IdKey, Mode, RecordId, VisitRef

#: The authority of US social security numbers (HL7 table 0363), because PID-19 names none.
_SSN_AUTHORITY: Final = "USSSA"
#: Characters of the longest PID whose numbers are cached: a number takes much more memory than its
#: text.
_LONGEST_PID: Final = 800
#: A number in these fields is kept under both forms of its authority.
_WITH_BOTH_FORMS: Final = frozenset({"PID-2", "PID-3", "PID-4", "PID-19", "MRG-1"})
_AFTER_NUMBERS: Final = 22  # PID-21 is the last field of PID that holds numbers


def people(
    segment: Segment | None,
    number: int,
    field: str,
    context: FieldContext,
    *,
    authority: str = "",
    joins: bool = True,
) -> list[StatedNumber]:
    """Read a field of patient identifiers (data type CX); the ref of each is a record id.

    Args:
        segment: The segment of the field.
        number: The number of the field in its segment.
        field: The name of the field, such as ``PID-3``.
        context: What the field is read with.
        authority: The authority of numbers that name none. If empty, the profile's is used, else
            the namespace of the sender.
        joins: Whether the numbers are this patient's own, so that trusted ones may join records.
    """
    text = at(segment, number)
    found: list[StatedNumber] = []
    if not text:
        return found
    profile = context.profile
    for value, (named, universal), kind in values_of(text, context):
        issuer = named or authority or profile.authority or context.namespace, universal
        name, other = both_forms(issuer, context.forms) if context.forms else issuer
        trusts = profile.trusts(name, kind) if joins else (False, False)
        ref = _record(context.id_key, name, value, context.mode)
        stated = _stated(field, value, name, kind, ref, context, trusts)
        if other and joins and not stated.nothing and field in _WITH_BOTH_FORMS:
            second = _record(context.id_key, other, value, context.mode)
            found.append(_other_form(stated, other, second, context))
            stated = stated._replace(other=second)
        found.append(stated)
    return found


def visits(
    segment: Segment | None, number: int, field: str, context: FieldContext, *, own: str
) -> list[StatedNumber]:
    """Read a field of visit or account numbers (CX); the ref of each is a visit ref.

    ``own`` is the authority of the record number.
    """
    text = at(segment, number)
    found: list[StatedNumber] = []
    if not text:
        return found
    for value, issuer, kind in values_of(text, context):
        name, other = both_forms(issuer, context.forms) if context.forms else issuer
        namespace = _namespace(context, field, name, own)
        ref = _visit(context.id_key, namespace, value, context.mode)
        stated = _stated(field, value, name, kind, ref, context)
        if other and not stated.nothing:
            namespace = _namespace(context, field, other, own)
            second = _visit(context.id_key, namespace, value, context.mode)
            if second != ref:
                found.append(_other_form(stated, other, second, context))
                stated = stated._replace(other=second)
        found.append(stated)
    return found


def _stated(
    field: str,
    value: str,
    authority: str,
    kind: str,
    ref: str,
    context: FieldContext,
    trusts: tuple[bool, bool] = (False, False),
) -> StatedNumber:
    """Return a number under a ref; ``trusts`` says whether it is trusted, and of a master index."""
    profile = context.profile
    return StatedNumber(  # by position, because keywords take longer
        field,
        value,
        authority,
        shown_authority(authority, context),
        kind,
        ref,
        *trusts,
        is_placeholder(value, profile),
        stands_for_nothing(value, profile),
    )


def _other_form(
    number: StatedNumber, universal: str, ref: str, context: FieldContext
) -> StatedNumber:
    """Return a number under the universal id of its authority, beside the one under its name.

    A message that states both forms of an authority says that they are one. The number under the
    name is the one that names a record or a visit.
    """
    return number._replace(
        authority=universal,
        shown=shown_authority(universal, context),
        ref=ref,
        trusted=False,
        master_index=False,
        nothing=True,
        other=number.ref,
    )


def visit_ref(number: StatedNumber, field: str, context: FieldContext, *, own: str) -> VisitRef:
    """Return the ref that a number would have in another field, such as MRG-3 in PID-18."""
    namespace = _namespace(context, field, number.authority, own)
    return _visit(context.id_key, namespace, number.value, context.mode)


def _namespace(context: FieldContext, field: str, issuer: str, own: str) -> str:
    """Return the namespace of a visit or account number.

    The authority of a number counts if it is another one than the sender and the authority of the
    record number (``own``). If the visit number may be in several fields, each field after the
    first one has a namespace of its own: the number 7 of an account is not the visit 7.
    """
    profile = context.profile
    namespace = context.namespace
    if field in profile.visit_number[1:]:
        namespace = f"{namespace} {field}"
    if issuer and issuer not in (context.namespace, context.sender, profile.authority, own):
        return f"{namespace} {issuer}"
    return namespace


def of_patient(pid: Segment | None, context: FieldContext) -> tuple[StatedNumber, ...]:
    """Read every number of PID; cached, because many messages in a row repeat them."""
    if pid is None:
        return ()
    return _of_patient(pid[:_AFTER_NUMBERS], context)


@cached_by_text(512, longest=_LONGEST_PID)
def _of_patient(pid: Segment, context: FieldContext) -> tuple[StatedNumber, ...]:
    found = people(pid, 3, "PID-3", context)
    for number in (2, 4):
        found += people(pid, number, f"PID-{number}", context)
    found += people(pid, 19, "PID-19", context, authority=_SSN_AUTHORITY)
    # PID-20 is a driver's licence and names a state in place of an authority. PID-21 is the number
    # of the mother, who is another person.
    for number in (20, 21):
        found += people(pid, number, f"PID-{number}", context, joins=False)
    record = record_number(found, "PID-3", context)
    own = record.authority if record else ""
    if record and record.other:
        # The records under both forms are one, in whichever order messages arrive. A further
        # number, such as that of an insurance, joins nothing by its second form.
        found = [
            each._replace(trusted=True) if each.ref == record.other else each for each in found
        ]
    return (*found, *visits(pid, 18, "PID-18", context, own=own))


def of_visit(pv1: Segment | None, context: FieldContext, *, own: str) -> tuple[StatedNumber, ...]:
    """Read the numbers of PV1; ``own`` is the authority of the record number."""
    if pv1 is None:
        return ()
    return _of_visit((at(pv1, 19), at(pv1, 50), at(pv1, 5)), context, own)


@cached_by_text(512)
def _of_visit(numbers: Segment, context: FieldContext, own: str) -> tuple[StatedNumber, ...]:
    fields = enumerate(("PV1-19", "PV1-50", "PV1-5"))
    return tuple(
        each for index, field in fields for each in visits(numbers, index, field, context, own=own)
    )


def of_merge(
    mrg: Segment | None, context: FieldContext, *, authority: str, joins: bool
) -> list[StatedNumber]:
    """Read every number of MRG.

    Args:
        mrg: The segment.
        context: What the fields are read with.
        authority: The authority of numbers that name none: that of the record in PID-3.
        joins: Whether the numbers are this patient's own, so that trusted ones may join records.
    """
    found: list[StatedNumber] = []
    if mrg is not None:
        for number in (1, 2, 4):
            found += people(mrg, number, f"MRG-{number}", context, authority=authority, joins=joins)
        for number in (3, 5, 6):
            found += visits(mrg, number, f"MRG-{number}", context, own=authority)
    return found


@lru_cache(maxsize=1_024)
def _record(id_key: IdKey, authority: str, value: str, mode: Mode) -> RecordId:
    """Return a record id; cached, because a message names a record twice and a stay many times."""
    return id_key.record(authority, value, mode)


@lru_cache(maxsize=1_024)
def _visit(id_key: IdKey, namespace: str, value: str, mode: Mode) -> VisitRef:
    return id_key.visit(namespace, value, mode)
