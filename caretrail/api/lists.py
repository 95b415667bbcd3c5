"""Lists through the API: their parameters and their pages, made from the declared lists."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

from pydantic import Field, create_model
from starlette.responses import Response

from caretrail.api.incoming import Incoming
from caretrail.api.reading import (
    AskedPage,
    in_care,
    list_read,
    offset_of,
    page,
    person_read,
    shown,
    sliced,
    wait,
)
from caretrail.listings import LISTINGS, ListFilter, Listing
from caretrail.reading.listed_rows import ROWS, ListQuestion
from caretrail.reading.members import Json
from domain.events import UUID_TEXT, OptionalCode
from domain.ids import PatientId, RecordId


class AskedList(AskedPage):
    """A page of a list, for all patients or for one."""

    patient: Annotated[
        str | None, Field(pattern=UUID_TEXT, description="only those of this patient: a patient id")
    ] = None


#: The parameters that every list has.
_OF_EVERY_LIST: Final = frozenset(AskedList.model_fields)


@lru_cache(maxsize=len(LISTINGS))
def asked_of(listing: Listing) -> type[AskedList]:
    """Return what a list can be asked."""
    fields: dict[str, Any] = {each.name: _parameter(each) for each in listing.filters}
    name = "".join(word.capitalize() for word in listing.name.split("_"))
    return create_model(f"AskedListOf{name}", __base__=AskedList, **fields)


def _parameter(one: ListFilter) -> tuple[Any, object]:
    """Return the type of a parameter and its value if it is not given."""
    if one.is_yes:
        return Annotated[bool, Field(description=one.words)], False
    words = Field(description=f"{one.words}; empty: all")
    if one.choices:
        # Not None, so that an empty parameter is one that is not asked.
        return Annotated[Literal[(*one.choices, "")], words], ""
    return Annotated[OptionalCode, words], ""


def listed(incoming: Incoming, listing: Listing) -> Response:
    """Answer with a page: of one patient, or of all without those that the reader may not read."""
    asked = incoming.asked(asked_of(listing))
    wait(incoming, asked.wait_for)
    offset = offset_of(asked.cursor)
    person = person_read(incoming, asked.patient) if asked.patient is not None else None
    of_all = None if person else list_read(incoming)
    read = person or of_all
    assert read is not None  # noqa: S101  # one of the two
    record = RecordId(person.patient) if person else None
    with read.reader.past(
        as_of=None if listing.states_periods else asked.as_of_instant,
        known_at=asked.known_at_position,
        records=[record] if record else None,
    ) as then:
        question = ListQuestion(
            asked=_filters(asked),
            patient=then.patient_of(record) if record else None,
            at=asked.as_of_instant or incoming.services.now(),
            limit=asked.limit + 1,
            offset=offset,
        )
        found = ROWS[listing.name](then, question)
    some, after = sliced(found, asked, offset)
    allowed = in_care(incoming, of_all, some, patient_of) if of_all else list(some)
    return shown(
        incoming,
        page(allowed, after=after),
        right=read.right,
        patients=[person.patient] if person else [each["patient_id"] for each in allowed],
    )


def _filters(asked: AskedList) -> Mapping[str, Any]:
    return {name: value for name, value in asked.model_dump().items() if name not in _OF_EVERY_LIST}


def patient_of(row: Json) -> PatientId:
    """Return the patient that a row of a list is about."""
    return PatientId(row["patient_id"])
