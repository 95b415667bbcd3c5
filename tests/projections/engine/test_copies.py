"""Copies of the sealed parts of a place, of the statement that states the place."""

from dataclasses import replace

from domain.statement import Place
from projections.engine.copies import place_copies
from projections.engine.events import FiledStatement
from tests.stories.telling import stories
from tests.stories.test_every_order import filed_of_messages

(STORY,) = (each for each in stories() if each.name == "14_wards_known_only_as_text")
FILED = [one for found in filed_of_messages(STORY.messages).values() for one in found]
BY_REF = {one.statement.ref: one for one in FILED}


def place_of(one: FiledStatement) -> Place:
    assert one.statement.place
    return one.statement.place


def test_the_text_of_a_place_is_copied_from_the_statement_that_states_it() -> None:
    rowan, hazel, _ = FILED
    refs = (hazel.statement.ref, rowan.statement.ref)
    (copy,) = place_copies(place_of(rowan), BY_REF, refs[:1], refs)
    assert (copy.event_id, copy.segment.segment) == (rowan.event_id, "notes")


def test_a_place_of_codes_alone_has_no_copy() -> None:
    rowan, *_ = FILED
    codes = replace(place_of(rowan), as_text=False, unit="4W")
    assert place_copies(codes, BY_REF, BY_REF) == []
    assert place_copies(None, BY_REF, BY_REF) == []


def test_a_place_that_no_given_statement_states_has_no_copy() -> None:
    rowan, hazel, _ = FILED
    assert place_copies(place_of(rowan), BY_REF, (hazel.statement.ref,)) == []
