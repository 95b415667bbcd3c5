"""The work list through the API."""

from dataclasses import replace
from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from caretrail.api.incoming import Incoming
from caretrail.api.reading import AskedPage, in_care, list_read, no_cursor, shown, wait
from caretrail.reading.work import read_cursor, read_work, work_json
from domain.events import OptionalCode
from projections.work_list import ItemFilter


class AskedWork(AskedPage):
    """A page of the work list: ``limit`` is the most persons of the page."""

    organisation: Annotated[
        OptionalCode, Field(description="only items that this organisation owes; empty: all")
    ] = ""
    person: Annotated[
        OptionalCode,
        Field(description="only items that this person owes or has claimed; empty: all"),
    ] = ""
    pool: Annotated[
        OptionalCode, Field(description="only items that this pool owes; empty: all")
    ] = ""
    kind: Annotated[
        OptionalCode, Field(description="only items about this kind of stream; empty: all")
    ] = ""
    older: Annotated[
        bool, Field(description="show also items that became due before the backlog")
    ] = False
    waiting: Annotated[bool, Field(description="show also items that are put off")] = False


def work_list(incoming: Incoming) -> Response:
    """Answer with a page of the work list, without the persons that the reader may not read."""
    asked = incoming.asked(AskedWork)
    wait(incoming, asked.wait_for)
    if asked.cursor and read_cursor(asked.cursor) is None:
        raise no_cursor()
    read = list_read(incoming)
    with read.reader.past(as_of=asked.as_of_instant, known_at=asked.known_at_position) as then:
        listed = read_work(
            then,
            ItemFilter(
                organisation=asked.organisation,
                person=asked.person,
                pool=asked.pool,
                kind=asked.kind,
                waiting=asked.waiting,
            ),
            now=incoming.services.now(),
            older=asked.older,
            cursor=asked.cursor,
            limit=asked.limit,
        )
    assert listed is not None  # noqa: S101  # the cursor was read above
    people = in_care(incoming, read, listed.people, lambda each: each.patient_id)
    return shown(
        incoming,
        work_json(replace(listed, people=tuple(people))),
        right=read.right,
        patients=[each.patient_id for each in people],
    )
