"""Open the items of medication lists."""

from collections.abc import Sequence
from typing import Any

from caretrail.reading.opening import SegmentOpener, pieces_of
from domain.decider import fold
from domain.medication_facts import MedicationListRecorded
from domain.medication_list import KIND, MEDICATION_LIST
from projections.engine.events import FiledOwnEvent
from projections.person_streams import history


def medication_items(
    filed: Sequence[FiledOwnEvent], opener: SegmentOpener
) -> dict[str, dict[str, Any]]:
    """Return what the items of lists say, by item: ``l1/2`` is the second item of list l1.

    An item has the members that were stated of name, code, dose, route, frequency and purpose. The
    items of a list are left out if its key is gone, or if the list was entered in error.

    Args:
        filed: The events of the stream.
        opener: Opens the sealed segments.
    """
    by_id = {each.event_id: each for each in filed}
    found: dict[str, dict[str, Any]] = {}
    for each in fold(MEDICATION_LIST, history(filed, KIND.events)).applied:
        if isinstance(each.event, MedicationListRecorded):
            for content in opener.contents(pieces_of(by_id[each.event_id], "clinical")):
                for place, item in enumerate(content.get("items", ()), 1):
                    found[f"{each.event.list_id}/{place}"] = item
    return found
