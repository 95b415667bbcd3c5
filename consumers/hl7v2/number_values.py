"""Split fields of numbers (data type CX) into values, authorities and types."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from consumers.hl7v2.authorities import NO_ISSUER, Issuer, issuer_of
from consumers.hl7v2.delimiters import NULL, Delimiters
from consumers.hl7v2.findings import Findings
from consumers.hl7v2.limits import LONGEST_NUMBER, MOST_REPETITIONS
from consumers.hl7v2.plausible_codes import LONGEST_ID, is_code, is_place, ref_of
from consumers.hl7v2.reader import Segment, at
from consumers.hl7v2.stated_number import AuthorityForms, FieldContext
from consumers.hl7v2.text_cache import cached_by_text
from domain.ids import normal

#: The forms of authorities are cached only for fields of at most this many characters.
_LONGEST_CACHED: Final = 800


def forms_of(texts: Iterable[str], context: FieldContext) -> AuthorityForms:
    """Return the universal ids of authorities, with their names, that some fields state.

    Most senders state one form of an authority only. Example of both: ``NORD&1.2.999.4.1&ISO``.
    """
    subcomponent = context.delimiters.subcomponent
    stated = tuple([text for text in texts if subcomponent in text])
    return _forms_of(stated, context) if stated else ()


@cached_by_text(512, longest=_LONGEST_CACHED)
def _forms_of(texts: tuple[str, ...], context: FieldContext) -> AuthorityForms:
    found: dict[str, str] = {}
    for text in texts:
        for _, (name, universal), _ in values_of(text, context):
            if universal:
                found[universal] = min(name, found.get(universal, name))
    return tuple(sorted(found.items()))


def both_forms(issuer: Issuer, forms: AuthorityForms) -> Issuer:
    """Return the name of an authority and its universal id, if the message states both."""
    name, universal = issuer
    if not universal:
        for known, its_name in forms:
            if name in {known, its_name}:
                return its_name, known
    return issuer


def values_of(text: str, context: FieldContext) -> Iterator[tuple[str, Issuer, str]]:
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


def shown_authority(authority: str, context: FieldContext) -> str:
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
