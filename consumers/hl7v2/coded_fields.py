"""Read fields that hold codes."""

from collections.abc import Container

from consumers.hl7v2.delimiters import NULL
from consumers.hl7v2.findings import Findings
from consumers.hl7v2.plausible_codes import is_code, ref_of
from consumers.hl7v2.stated_number import FieldContext


def coded(
    text: str,
    field: str,
    context: FieldContext,
    findings: Findings,
    *,
    known: Container[str] = (),
) -> str:
    """Return the code of a coded field, such as ``01`` of ``01^Home``; flag odd ones.

    A text that is no code is sealed, and a ref of it is returned.

    Args:
        text: The field as sent.
        field: The name of the field.
        context: What the field is read with.
        findings: Gets the flags, and the text to be sealed.
        known: Codes of this field that the profile names; they may look like text.
    """
    if not text:
        return ""
    code = context.delimiters.code(text)
    if not is_code(code) and code not in known and not context.profile.allows_words(field, code):
        findings.unreadable(field, text, "text")
        return ref_of(code, context.id_key)
    if not code and text == NULL:
        findings.flag(field, "null")
    elif code.endswith(context.delimiters.truncation or "\n"):
        findings.flag(field, "truncated")
    return code
