"""Read who has which role for the patient: PV1-7, -8, -9 and -17, PD1-4, ROL and PRT.

HL7 v2.9.1, chapters 2A (data type XCN), 3 (PD1, PV1), 7 (PRT) and 15 (ROL). A practitioner is
named in the core by a ref of the number. Names and numbers are sealed.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from consumers.hl7v2.authorities import issuer_of
from consumers.hl7v2.coded_fields import coded
from consumers.hl7v2.delimiters import NULL, Delimiters
from consumers.hl7v2.findings import Findings
from consumers.hl7v2.groups import SegmentGroup
from consumers.hl7v2.limits import LONGEST_NUMBER, MOST_REPETITIONS
from consumers.hl7v2.placeholders import stands_for_nothing
from consumers.hl7v2.plausible_codes import REF, is_code
from consumers.hl7v2.reader import Message, Segment, at
from consumers.hl7v2.stated_number import FieldContext
from consumers.hl7v2.text_cache import cached_by_text
from consumers.hl7v2.times import Times
from domain.ids import normal
from domain.segments import Identifier, Name, Practitioner
from domain.statement import StatedRole
from domain.triggers import Reads, Trigger

#: The fields of PV1 that name practitioners, with the roles that they state (HL7 table 0443).
_PV1_ROLES: Final = (
    (7, "PV1-7", "AT"),
    (8, "PV1-8", "RP"),
    (9, "PV1-9", "CP"),
    (17, "PV1-17", "AD"),
)
_PRIMARY_CARE: Final = 4  # PD1-4
_FIELDS: Final = (*(field for _, field, _ in _PV1_ROLES), "PD1-4")
_ROLES: Final = (*(role for _, _, role in _PV1_ROLES), "PP")
#: The number of the US register of providers (HL7 table 0203), whichever authority is stated.
_NATIONAL: Final = "NPI"
_XCN: Final = 14  # components that are read
#: Segments after which ROL and PRT are about a procedure, an insurance or an observation.
_OF_SOMETHING_ELSE: Final = frozenset({"PR1", "IN1", "OBX"})


class _Layout(NamedTuple):
    """The fields of a segment that states one role."""

    instance: int
    action: int
    role: int
    person: int
    begins: int
    ends: int


_LAYOUTS: Final = {
    "ROL": _Layout(1, 2, 3, 4, 5, 6),
    "PRT": _Layout(1, 2, 4, 5, 11, 12),
}


class StatedPractitioners(NamedTuple):
    """The roles that a statement states, and the practitioners in them, to be sealed."""

    roles: tuple[StatedRole, ...] = ()
    named: tuple[Practitioner, ...] = ()


_NONE_STATED: Final = StatedPractitioners()
#: A number of a practitioner: value, authority and type.
_Number: TypeAlias = tuple[str, str, str]


def practitioners(
    message: Message,
    group: SegmentGroup,
    row: Trigger,
    *,
    context: FieldContext,
    times: Times,
    findings: Findings,
) -> StatedPractitioners:
    """Read the practitioners of a statement. A merge states none.

    PV1 is read if the trigger is about a visit.
    """
    if row.reads is Reads.MERGE:
        return _NONE_STATED
    pv1 = message.first.get("PV1") if row.reads_visit else None
    texts = (
        *(at(pv1, number) for number, _, _ in _PV1_ROLES),
        at(message.first.get("PD1"), _PRIMARY_CARE),
    )
    found = _NONE_STATED
    if any(texts):
        found = _of_fields(texts, context)
        for text, field in zip(texts, _FIELDS, strict=True):
            if _is_too_long(text, context.delimiters):
                findings.unreadable(field, text, "too_long")
    if "ROL" in message.first or "PRT" in message.first:
        found = _with_segments(found, group, context, times, findings)
    return found


@cached_by_text(512)
def _of_fields(texts: tuple[str, ...], context: FieldContext) -> StatedPractitioners:
    """Read the fields of PV1 and PD1; cached, because many messages in a row repeat them."""
    roles: list[StatedRole] = []
    named: list[Practitioner] = []
    for text, field, role in zip(texts, _FIELDS, _ROLES, strict=True):
        people = _people(text, field, context)
        if text == NULL:
            roles.append(StatedRole(field=field, role=role))
        roles += [StatedRole(field=field, role=role, practitioner=each.ref) for each in people]
        named += people
    return StatedPractitioners(tuple(roles), _distinct(named))


def _with_segments(
    found: StatedPractitioners,
    group: SegmentGroup,
    context: FieldContext,
    times: Times,
    findings: Findings,
) -> StatedPractitioners:
    """Add what ROL and PRT state about the patient and the visit."""
    roles, named = list(found.roles), list(found.named)
    for segment in group.segments:
        name = segment[0]
        if name in _OF_SOMETHING_ELSE:
            break
        if name in _LAYOUTS:
            if len(roles) >= MOST_REPETITIONS:
                findings.flag(name, "too_long")
                break
            stated = _of_segment(segment, _LAYOUTS[name], context, times, findings)
            roles += stated.roles
            named += stated.named
    return StatedPractitioners(tuple(roles), _distinct(named))


def _of_segment(
    segment: Segment, layout: _Layout, context: FieldContext, times: Times, findings: Findings
) -> StatedPractitioners:
    name = segment[0]

    def code(number: int) -> str:
        """Return a code in capitals; a text that is no code keeps its ref."""
        read = coded(at(segment, number), f"{name}-{number}", context, findings)
        return read if read.startswith(REF) else read.upper()

    role, action = code(layout.role), code(layout.action)
    if not role:
        return _NONE_STATED
    field = f"{name}-{layout.person}"
    text = at(segment, layout.person)
    if _is_too_long(text, context.delimiters):
        findings.unreadable(field, text, "too_long")
    people = _people(text, field, context)
    begins = times.read(at(segment, layout.begins), f"{name}-{layout.begins}")
    ends = times.read(at(segment, layout.ends), f"{name}-{layout.ends}")
    instance = _instance(at(segment, layout.instance), context)
    refs = [each.ref for each in people]
    return StatedPractitioners(
        tuple(
            StatedRole(
                field=field,
                role=role,
                practitioner=ref,
                action=action,
                instance=instance,
                begins=begins,
                ends=ends,
            )
            for ref in refs or ([""] if instance else [])
        ),
        people,
    )


def _instance(text: str, context: FieldContext) -> str:
    """Return the ref of ROL-1, by which a later message updates the same role; empty: none."""
    first = (context.delimiters.repetitions(text) or [""])[0]
    if not first.strip() or first == NULL:
        return ""
    return context.id_key.ref("role", context.namespace, normal(first), context.mode)


def _people(text: str, field: str, context: FieldContext) -> tuple[Practitioner, ...]:
    """Read a field of practitioners (data type XCN).

    A repetition with the name of the one before it is a further number of the same practitioner. So
    is one without a name, if its number is of another authority or type.
    """
    if not text or text == NULL:
        return ()
    found: list[tuple[Name, list[_Number]]] = []
    for repetition in _within_limits(text, context.delimiters):
        name, number = _xcn(repetition, context)
        nameless = name == Name()
        if nameless and number is None:
            continue
        if found and (
            found[-1][0] == name
            if not nameless
            else number is not None and all(number[1:] != each[1:] for each in found[-1][1])
        ):
            numbers = found[-1][1]
        else:
            numbers = []
            found.append((name, numbers))
        if number is not None and number not in numbers:
            numbers.append(number)
    return _distinct([_practitioner(name, numbers, field, context) for name, numbers in found])


def _xcn(repetition: str, context: FieldContext) -> tuple[Name, _Number | None]:
    """Return the name and the number in one repetition."""
    delimiters = context.delimiters
    sent = (*delimiters.components(repetition)[:_XCN], *("",) * _XCN)
    value = normal(delimiters.plain(sent[0]))
    number = None
    if value and value != NULL and not stands_for_nothing(value, context.profile):
        kind = delimiters.plain(sent[12]).strip().upper()
        issuer, _ = issuer_of(sent[8], sent[13], delimiters, context.profile)
        number = value, issuer, kind if kind != NULL and is_code(kind) else ""
    parts = ["" if each == NULL else delimiters.plain(each).strip() for each in sent[1:6]]
    # The further subcomponents of a family name repeat its parts.
    family = delimiters.subcomponents(sent[1])[0].strip()
    name = Name(
        family="" if family == NULL else family,
        given=parts[1],
        middle=parts[2],
        suffix=parts[3],
        prefix=parts[4],
    )
    return name, number


def _practitioner(
    name: Name, numbers: Sequence[_Number], field: str, context: FieldContext
) -> Practitioner:
    """Return a practitioner under a ref of the number that is preferred, else of the name."""
    if numbers:
        value, authority, kind = min(numbers, key=_preference)
        issuer = _NATIONAL if kind == _NATIONAL else authority or context.namespace
        ref = context.id_key.ref("practitioner", normal(issuer), value)
    else:
        parts = (name.family, name.given, name.middle)
        ref = context.id_key.ref("practitioner name", context.namespace, *map(str.upper, parts))
    return Practitioner(
        ref=ref,
        name=name,
        numbers=tuple(
            Identifier(field=field, value=value, authority=authority, type=kind)
            for value, authority, kind in numbers
        ),
    )


def _preference(number: _Number) -> tuple[bool, str, str]:
    """Prefer the national number, which is the same at every sender; else the order decides."""
    value, authority, kind = number
    return _NATIONAL not in (kind, authority), authority, value


def _distinct(named: Sequence[Practitioner]) -> tuple[Practitioner, ...]:
    """Return each practitioner once, with a name if one is stated."""
    found: dict[str, Practitioner] = {}
    for each in named:
        known = found.get(each.ref)
        if known is None or known.name == Name():
            found[each.ref] = each
    return tuple(found.values())


def _within_limits(text: str, delimiters: Delimiters) -> list[str]:
    """Return the repetitions that are read."""
    repetitions = delimiters.repetitions(text)
    if len(text) <= LONGEST_NUMBER:
        return repetitions
    return [
        each
        for each in repetitions[:MOST_REPETITIONS]
        if len(each) <= LONGEST_NUMBER
        or max(map(len, delimiters.components(each)[:_XCN])) <= LONGEST_NUMBER
    ]


def _is_too_long(text: str, delimiters: Delimiters) -> bool:
    """Tell whether a field is not read completely, because a part is over a limit."""
    if len(text) <= LONGEST_NUMBER:
        return False
    repetitions = delimiters.repetitions(text)
    return len(_within_limits(text, delimiters)) < len(repetitions)
