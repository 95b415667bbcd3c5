"""Read the identifiers and numbers of a message: refs for the core, the numbers to be sealed."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from consumers.hl7v2.authorities import NO_ISSUER, Issuer, issuer_of
from consumers.hl7v2.delimiters import NULL, Delimiters
from consumers.hl7v2.findings import Findings
from consumers.hl7v2.limits import LONGEST_NUMBER, MOST_REPETITIONS
from consumers.hl7v2.placeholders import is_placeholder, stands_for_nothing
from consumers.hl7v2.plausible_codes import LONGEST_ID, is_code, is_place, ref_of
from consumers.hl7v2.profiles import Profile
from consumers.hl7v2.reader import Segment, at
from consumers.hl7v2.text_cache import cached_by_text
from domain.ids import IdKey, Mode, RecordId, VisitRef, normal
from domain.statement import IdentifierRef

#: Types of HL7 table 0203 by which a number is preferred as the name of the source record. A type
#: that is not here comes after these, and a number of a visit or an account comes last.
_PREFERENCE: Final = {"MR": 0, "MRN": 1, "PI": 2, "VN": 4, "AN": 4}
#: Types of numbers of visits and accounts, which are preferred in their fields.
_OF_VISITS: Final = frozenset({"VN", "AN"})
_OTHER_TYPE: Final = 3

#: The authority of US social security numbers (HL7 table 0363), because PID-19 names none.
_SSN_AUTHORITY: Final = "USSSA"
#: Characters of the longest PID whose numbers are cached: a number takes much more memory than its
#: text.
_LONGEST_PID: Final = 800
#: Fields of which both forms of an authority count.
_WITH_BOTH_FORMS: Final = frozenset({"PID-2", "PID-3", "PID-4", "PID-19", "MRG-1"})
_AFTER_NUMBERS: Final = 22  # PID-21 is the last field of PID that holds numbers


#: Universal ids of authorities and the names that a message states beside them, sorted.
AuthorityForms: TypeAlias = tuple[tuple[str, str], ...]


class FieldContext(NamedTuple):
    """What the fields of one message are read with."""

    delimiters: Delimiters
    profile: Profile
    id_key: IdKey
    mode: Mode
    sender: str  # MSH-4.1
    namespace: str
    forms: AuthorityForms = ()  # stated by PID-3 or MRG-1; they hold for the whole message


class StatedNumber(NamedTuple):
    """One number of a message."""

    field: str  # such as PID-3
    value: str
    authority: str
    shown: str  # the authority; a ref if it is text, which may name a person
    type: str  # a code of HL7 table 0203
    ref: str
    trusted: bool = False
    master_index: bool = False
    placeholder: bool = False  # it proves no identity, so it joins no records
    # It names no record and no visit: no number is known, or the other form of it names them.
    nothing: bool = False
    # The ref of the same number under the other form of its authority, if the message states both.
    other: str = ""


def forms_of(texts: Iterable[str], context: FieldContext) -> AuthorityForms:
    """Return the universal ids of authorities, with their names, that some fields state.

    Most senders state one form of an authority only. Example of both: ``NORD&1.2.999.4.1&ISO``.
    """
    subcomponent = context.delimiters.subcomponent
    stated = tuple([text for text in texts if subcomponent in text])
    return _forms_of(stated, context) if stated else ()


@cached_by_text(512, longest=_LONGEST_PID)
def _forms_of(texts: tuple[str, ...], context: FieldContext) -> AuthorityForms:
    found: dict[str, str] = {}
    for text in texts:
        for _, (name, universal), _ in _values(text, context):
            if universal:
                found[universal] = min(name, found.get(universal, name))
    return tuple(sorted(found.items()))


def _both_forms(issuer: Issuer, forms: AuthorityForms) -> Issuer:
    """Return the name of an authority and its universal id, if the message states both."""
    name, universal = issuer
    if not universal:
        for known, its_name in forms:
            if name in {known, its_name}:
                return its_name, known
    return issuer


@lru_cache(maxsize=1_024)
def in_core(number: StatedNumber) -> IdentifierRef:
    """Return the parts of a number that are kept in clear."""
    return IdentifierRef(
        field=number.field,
        ref=number.ref,
        authority=number.shown,
        type=number.type,
        trusted=number.trusted,
        master_index=number.master_index,
        placeholder=number.placeholder,
    )


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
    for value, (named, universal), kind in _values(text, context):
        issuer = named or authority or profile.authority or context.namespace, universal
        name, other = _both_forms(issuer, context.forms) if context.forms else issuer
        trusted, master = profile.trusts(name, kind) if joins else (False, False)
        stated = StatedNumber(
            field=field,
            value=value,
            authority=name,
            shown=_shown(name, context),
            type=kind,
            ref=_record(context.id_key, name, value, context.mode),
            trusted=trusted,
            master_index=master,
            placeholder=is_placeholder(value, profile),
            nothing=stands_for_nothing(value, profile),
        )
        if other and joins and not stated.nothing and field in _WITH_BOTH_FORMS:
            ref = _record(context.id_key, other, value, context.mode)
            found.append(_other_form(stated, other, ref, context))
            stated = stated._replace(other=ref)
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
    for value, issuer, kind in _values(text, context):
        name, other = _both_forms(issuer, context.forms) if context.forms else issuer
        namespace = _namespace(context, field, name, own)
        stated = StatedNumber(
            field=field,
            value=value,
            authority=name,
            shown=_shown(name, context),
            type=kind,
            ref=_visit(context.id_key, namespace, value, context.mode),
            placeholder=is_placeholder(value, context.profile),
            nothing=stands_for_nothing(value, context.profile),
        )
        if other and not stated.nothing:
            namespace = _namespace(context, field, other, own)
            ref = _visit(context.id_key, namespace, value, context.mode)
            if ref != stated.ref:
                found.append(_other_form(stated, other, ref, context))
                stated = stated._replace(other=ref)
        found.append(stated)
    return found


def _other_form(
    number: StatedNumber, universal: str, ref: str, context: FieldContext
) -> StatedNumber:
    """Return a number under the universal id of its authority, beside the one under its name.

    A message that states both forms of an authority says that they are one. The number under the
    name is the one that names a record or a visit.
    """
    return number._replace(
        authority=universal,
        shown=_shown(universal, context),
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


def record_number(
    numbers: Sequence[StatedNumber], field: str, context: FieldContext, *, authority: str = ""
) -> StatedNumber | None:
    """Return the number that names the source record of a statement; None if there is none.

    Numbers of the authority are preferred. Among these, type MR comes before MRN, PI and other
    types; then numbers of the sender's own authority come first; then the order of the authority
    and of the value decides. So the order of repetitions does not matter. A value that means "no
    number known" is never chosen, because it would file different patients under one record.

    Args:
        numbers: The numbers of the message.
        field: The field to choose from, such as ``PID-3``.
        context: What the field was read with; the ``file_under`` of the profile is the authority,
            unless one is given.
        authority: The authority to choose.
    """
    usable = [each for each in numbers if each.field == field and not each.nothing]
    if len(usable) < 2:  # noqa: PLR2004  # nothing to choose
        return usable[0] if usable else None
    wanted = authority or context.profile.file_under
    own = _own_authorities(context)
    return min(
        usable,
        key=lambda each: (
            each.authority != wanted,
            _PREFERENCE.get(each.type, _OTHER_TYPE),
            each.authority not in own,
            each.authority,
            each.value,
        ),
    )


def visit_number(
    numbers: Sequence[StatedNumber],
    fields: Sequence[str],
    context: FieldContext,
    findings: Findings,
) -> StatedNumber | None:
    """Return the visit number: that of the first field in ``fields`` that holds one.

    If a field has several, their types and authorities decide, not their order.
    """
    for field in fields:
        usable: list[StatedNumber] = []
        for each in numbers:
            if each.field != field:
                continue
            if not each.nothing:
                usable.append(each)
            elif not each.other:
                findings.flag(field, "placeholder")
        if len(usable) > 1:
            own = _own_authorities(context)
            return min(
                usable,
                key=lambda each: (
                    each.type not in _OF_VISITS, each.authority not in own,
                    each.authority, each.value,
                ),
            )  # fmt: skip
        if usable:
            return usable[0]
    return None


def _own_authorities(context: FieldContext) -> frozenset[str]:
    """Return the authorities that are the sender's own."""
    return frozenset(
        {context.profile.authority or context.namespace, context.namespace, context.sender}
    )


def record_of(number: StatedNumber) -> RecordId:
    """Return the id of the source record that a patient identifier names."""
    return RecordId(number.ref)


@lru_cache(maxsize=1_024)
def _record(id_key: IdKey, authority: str, value: str, mode: Mode) -> RecordId:
    """Return a record id; cached, because a message names a record twice and a stay many times."""
    return id_key.record(authority, value, mode)


@lru_cache(maxsize=1_024)
def _visit(id_key: IdKey, namespace: str, value: str, mode: Mode) -> VisitRef:
    return id_key.visit(namespace, value, mode)


def _values(text: str, context: FieldContext) -> Iterator[tuple[str, Issuer, str]]:
    """Yield the value, the authority and the type of each repetition that has a value.

    A value or an authority over the limit is no number. Of many repetitions the first ones are
    read. ``flag_too_long`` flags such a field.
    """
    if not text or text == NULL:
        return
    delimiters = context.delimiters
    repetitions = delimiters.repetitions(text)
    if len(text) > LONGEST_NUMBER:
        repetitions = _within_limits(repetitions, delimiters)
    for repetition in repetitions:
        cx = (*delimiters.components(repetition), "", "", "", "", "")
        value = normal(delimiters.plain(cx[0]))
        if value and value != NULL:
            issuer = NO_ISSUER
            if cx[3] or cx[5]:
                issuer = issuer_of(cx[3], cx[5], delimiters, context.profile)
            yield value, issuer, _kind(cx[4], delimiters)


def _within_limits(repetitions: Sequence[str], delimiters: Delimiters) -> list[str]:
    """Return the repetitions that are read."""
    return [
        each
        for each in repetitions[:MOST_REPETITIONS]
        if len(each) <= LONGEST_NUMBER
        or max(len(part) for part in delimiters.components(each)[:6]) <= LONGEST_NUMBER
    ]


def is_too_long(text: str, delimiters: Delimiters) -> bool:
    """Tell whether a field of numbers is not read completely because a part is over a limit."""
    if len(text) <= LONGEST_NUMBER:
        return False
    repetitions = delimiters.repetitions(text)
    return len(_within_limits(repetitions, delimiters)) < len(repetitions)


def flag_too_long(
    segment: Segment, fields: Sequence[int], context: FieldContext, findings: Findings
) -> None:
    """Flag fields of numbers that are not read completely, and keep their text to be sealed."""
    for number in fields:
        text = at(segment, number)
        if is_too_long(text, context.delimiters):
            findings.unreadable(f"{segment[0]}-{number}", text, "too_long")


def _shown(authority: str, context: FieldContext) -> str:
    """Return what the core holds of an authority: a ref if it is text that the sender wrote."""
    profile = context.profile
    if (
        is_place(authority, LONGEST_ID)
        or authority in profile.authorities
        or authority == context.namespace
        or profile.allows_words("CX-4", authority)
    ):
        return authority
    return ref_of(authority, context.id_key)


def _kind(component: str, delimiters: Delimiters) -> str:
    """Return CX.5, a code of HL7 table 0203."""
    if not component or component == NULL:
        return ""
    kind = delimiters.plain(component).strip()
    return kind if is_code(kind) else ""
