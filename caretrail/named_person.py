"""Find the person that a command names: a known patient, or a new person."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from caretrail.reading.reader import Reader
from domain.errors import UnknownPerson
from domain.ids import IdKey, Mode, RecordId

#: A warning: no message has named the patient yet, and the entry waits for the first one.
NOT_NAMED_YET: Final = "patient_not_named_yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPerson:
    """The source record that a command is about."""

    record: RecordId
    mode: str
    warnings: tuple[str, ...] = ()


#: What ``Reader.record_named`` returns, by the text that names a person.
RecordsNamed: TypeAlias = Mapping[str, tuple[RecordId, str] | None]


def named_person(
    reader: Reader,
    id_key: IdKey,
    text: str,
    *,
    mode: Mode,
    new_person: bool,
    looked_up: RecordsNamed | None = None,
) -> NamedPerson:
    """Return the source record behind a patient id or ``AUTHORITY|IDENTIFIER``.

    Args:
        reader: Reads the patients.
        id_key: The key from which the ids of this installation are derived.
        text: What the caller wrote.
        mode: Processing mode of a new person; a known one has its own.
        new_person: Whether the caller says that the person is new, and not a typing error.
        looked_up: What was looked up before, for several commands together.

    Raises:
        UnknownPerson: No message has named the person, and the caller does not say that the person
            is new. A patient id is never that of a new person.
        NumberShared: Several patients have the number.
    """
    if looked_up is not None and text in looked_up:
        found = looked_up[text]
    else:
        found = reader.record_named(text)
    if found is not None:
        record, known_mode = found
        return NamedPerson(record=record, mode=known_mode)
    authority, bar, identifier = (part.strip() for part in text.partition("|"))
    if not (new_person and bar and authority and identifier):
        raise UnknownPerson
    record = id_key.record(authority, identifier, mode)
    return NamedPerson(record=record, mode=mode, warnings=(NOT_NAMED_YET,))
