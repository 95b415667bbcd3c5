"""``timeline``: one patient's encounters and entries."""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Final

from caretrail.cli.home import open_home_reader
from caretrail.cli.output import as_stated, columns, json_line, line
from caretrail.cli.patients import shared_number_listed
from caretrail.failure import Failed
from caretrail.reading.contract import timeline_json
from caretrail.reading.members import Json, actor_words
from caretrail.reading.places import LookAlikes, PlaceParts
from domain.flags import Flag

_WORDS: Final[Mapping[str, str]] = {each: each.words for each in Flag}


def timeline(options: Namespace) -> None:
    """Show one patient's encounters and entries, as of and as known at."""
    with open_home_reader() as reader, shared_number_listed(as_json=options.json):
        found = reader.patient(options.patient, as_of=options.as_of, known_at=options.known_at)
        if found is None:
            raise Failed(
                "no such patient, or the patient was not yet known at that time."
                " Write a patient id or AUTHORITY|IDENTIFIER, as `caretrail patients ls` lists them"
            )
        shown = timeline_json(found)
    if options.json:
        json_line(shown)
        return
    line(f"patient {shown['patient_id']}{_mode(shown['mode'])}")
    known = shown["known_at"]
    line(f"known at event {known['index']}, recorded {known['recorded_at'] or '-'}")
    _print_flags(shown["flags"])
    for number in shown["shared_numbers"]:
        line(
            f"number {number['authority']}|{number['identifier']}: patient {number['patient_id']}"
            " has it too"
        )
    for each in shown["encounters"]:
        line()
        line(
            f"{each['class']} {each['status']}, {each['facility'] or 'facility not stated'},"
            f" visit {each['visit_number'] or 'not numbered'}:"
            f" {as_stated(each['started_at'], each['started_precision']) or 'not stated'}"
            f" to {as_stated(each['ended_at'], each['ended_precision']) or _open(each['status'])}"
        )
        _print_flags(each["flags"])
        columns(
            ("  from", "until", "facility", "unit", "room", "bed", ""),
            [
                (
                    f"  {as_stated(stay['from'], stay['from_precision']) or 'not stated'}",
                    as_stated(stay["until"], stay["until_precision"]),
                    stay["facility"],
                    _unit(stay, found.alike),
                    stay["room"],
                    stay["bed"],
                    "cancelled" if stay["cancelled"] else "",
                )
                for stay in each["locations"]
            ],
        )
    line()
    entries = sorted(shown["entries"], key=lambda each: each["happened_at"] or "")
    columns(
        ("happened", "recorded", "what", "by", "event"),
        [
            (
                as_stated(each["happened_at"], each["precision"]),
                as_stated(each["recorded_at"]),
                each["summary"],
                actor_words(each["actor"]),
                each["event_id"],
            )
            for each in entries
        ],
    )


def _print_flags(codes: Sequence[str]) -> None:
    for code in codes:
        line(f"{code}: {_WORDS[code]}" if code in _WORDS else code)


def _unit(stay: Json, alike: LookAlikes) -> str | None:
    parts = PlaceParts(
        unit=stay["unit"],
        building=stay["building"],
        floor=stay["floor"],
        text=stay["description"],
    )
    return parts.unit_label(stay["facility"] or "", alike) or None


def _open(status: str) -> str:
    return "open" if status in {"arrived", "in-progress", "onleave"} else "not stated"


def _mode(mode: str) -> str:
    return {"T": " (TEST)", "D": " (DEBUG)"}.get(mode, "")
