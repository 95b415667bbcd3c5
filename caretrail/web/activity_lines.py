"""The entries of a patient's own activities, such as referrals, as the page shows them."""

from caretrail.reading.activities import ActivityEntry
from caretrail.reading.catalogue import OWN_STREAMS
from caretrail.reading.patient import PatientReading
from caretrail.web.entries import EntryLine, Note
from caretrail.web.recorded import void_address
from caretrail.web.words import Words


def activity_lines(
    reading: PatientReading, visible: set[str], words: Words, *, is_past: bool = False
) -> list[EntryLine]:
    """Return the entries of activities that name a visible encounter, or no encounter.

    Args:
        reading: The patient.
        visible: The encounters that the page shows.
        words: The words of the pages.
        is_past: Whether the page shows another instant than now. Then no entry can be corrected.
    """
    return [
        _line(reading, each, words, is_past=is_past)
        for each in reading.activities.entries
        if each.encounter_id is None or each.encounter_id in visible
    ]


def _line(
    reading: PatientReading, entry: ActivityEntry, words: Words, *, is_past: bool
) -> EntryLine:
    icon = OWN_STREAMS[entry.stream].icon
    notes: list[Note] = []
    happened, recorded = entry.happened_at, entry.recorded_at
    late = words.length(happened, recorded, entry.precision) if entry.late else ""
    if entry.voided_by is not None:
        icon = "x"
        notes.append(Note(head="Entered in error:", rest="this entry does not count."))
    elif entry.late:
        icon = "late"
        learned = words.near(recorded, happened)
        notes.append(
            Note(
                head="Late:",
                rest=f"recorded {late} after the event ({learned}).",
                before=entry.index - 1,
            )
        )
    if "rests_on_void" in entry.flags:
        notes.append(
            Note(
                head="Does not count:",
                rest="the entry that it rests on was entered in error.",
                code="rests_on_void",
            )
        )
    return EntryLine(
        at=happened,
        precision=entry.precision,
        icon=icon,
        head=entry.words.head,
        rest=rest_of(entry, words),
        notes=tuple(notes),
        cancelled=entry.voided_by is not None,
        facility=entry.facility,
        trigger="",
        control_id="",
        anchor="",
        record_id=reading.patient.patient_id,
        event_id=entry.event_id,
        index=entry.index,
        recorded_at=entry.recorded_at,
        message_id="",
        late=f"{late} late" if late else "",
        wrong="" if is_past else void_address(entry),
    )


def rest_of(entry: ActivityEntry, words: Words) -> str:
    """Return where and how something happened, with the instant that the entry states."""
    if entry.words.stated is None:
        return entry.words.rest
    word, at = entry.words.stated
    return ", ".join(
        filter(None, (entry.words.rest, f"{word} {words.near(at, entry.happened_at)}"))
    )
