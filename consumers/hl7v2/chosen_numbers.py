"""Choose the number that names a source record, and the number that names a visit."""

from collections.abc import Sequence
from typing import Final

from consumers.hl7v2.findings import Findings
from consumers.hl7v2.stated_number import FieldContext, StatedNumber

#: Types of HL7 table 0203 by which a number is preferred as the name of the source record. A type
#: that is not here comes after these, and a number of a visit or an account comes last.
_PREFERENCE: Final = {"MR": 0, "MRN": 1, "PI": 2, "VN": 4, "AN": 4}
#: Types of numbers of visits and accounts, which are preferred in their fields.
_OF_VISITS: Final = frozenset({"VN", "AN"})
_OTHER_TYPE: Final = 3


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
