"""A number of a patient, a visit or an account as a message states it."""

from functools import lru_cache
from typing import NamedTuple, TypeAlias

from consumers.hl7v2.delimiters import Delimiters
from consumers.hl7v2.profiles import Profile
from domain.ids import IdKey, Mode, RecordId
from domain.statement import IdentifierRef

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


def record_of(number: StatedNumber) -> RecordId:
    """Return the id of the source record that a patient identifier names."""
    return RecordId(number.ref)
