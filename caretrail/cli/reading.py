"""Questions: ``patients``, ``timeline``, ``census``, ``why``."""

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager

from caretrail.bootstrap import Application, opened
from caretrail.cli.output import columns, json_line, json_lines, line, note
from caretrail.cli.waiting import catch_up
from caretrail.failure import Failed
from caretrail.readers import open_reader
from caretrail.reading import Reader
from caretrail.reading.contract import census_json, patients_json, timeline_json
from infra import clock, log, settings


def patients_ls(options: Namespace) -> None:
    """List every patient, retired records last."""
    with _reader() as reader:
        if options.json:
            json_lines(map(patients_json, reader.every_patient()))
            return
        columns(
            ("patient", "mode", "identifiers", "merged into"),
            [
                (
                    each.patient_id,
                    each.mode,
                    ", ".join(f"{number.authority}|{number.value}" for number in each.numbers),
                    each.merged_into,
                )
                for each in reader.every_patient()
            ],
        )


def timeline(options: Namespace) -> None:
    """Show one patient's encounters and what was said, as of and as known at."""
    with _reader() as reader:
        found = reader.patient(options.patient, as_of=options.as_of, known_at=options.known_at)
        if found is None:
            raise Failed(
                "nobody has this id or number, or nothing was known of them then;"
                " write a patient id or AUTHORITY|IDENTIFIER, as `caretrail patients ls` shows"
            )
        shown = timeline_json(found)
    if options.json:
        json_line(shown)
        return
    line(f"patient {shown['patient_id']}{_mode(shown['mode'])}")
    known = shown["known_at"]
    line(f"known at event {known['index']}, recorded {known['recorded_at'] or '-'}")
    for each in shown["encounters"]:
        line()
        line(
            f"{each['class']} {each['status']}, {each['facility'] or 'facility not stated'},"
            f" visit {each['visit_number'] or 'not numbered'}:"
            f" {each['started_at'] or 'unknown'} to {each['ended_at'] or 'open'}"
        )
        columns(
            ("  from", "until", "facility", "unit", "room", "bed", ""),
            [
                (
                    f"  {stay['from'] or 'unknown'}",
                    stay["until"],
                    stay["facility"],
                    stay["unit"],
                    stay["room"],
                    stay["bed"],
                    "cancelled" if stay["cancelled"] else "",
                )
                for stay in each["locations"]
            ],
        )
    line()
    columns(
        ("happened", "recorded", "what", "event"),
        [
            (each["happened_at"], each["recorded_at"], each["summary"], each["event_id"])
            for each in shown["entries"]
        ],
    )


def census(options: Namespace) -> None:
    """List occupied places; say what disagrees."""
    with _reader() as reader:
        found = reader.census(
            now=clock.now(),
            facility=options.facility,
            as_of=options.as_of,
            known_at=options.known_at,
        )
    rows = census_json(found)
    if options.json:
        json_lines(rows)
    else:
        names = ("facility", "unit", "room", "bed", "class", "since", "patient_id", "mode")
        columns(names, [[row[name] for name in names] for row in rows])
    if found.disagreements:
        note(f"caretrail: {len(found.disagreements)} disagreements; the census page shows them")


def why(options: Namespace) -> None:
    """Show from which events and messages a row came."""
    from caretrail.tracing import trace  # noqa: PLC0415 - only this verb

    with _opened() as application, open_reader(application) as reader:
        chain = trace(application, reader, options.id)
    if chain is None:
        raise Failed("no row, event or message has this id")
    if options.json:
        json_line(chain)
        return
    for name in ("patient_id", "encounter_id"):
        if chain[name]:
            line(f"{name.removesuffix('_id')} {chain[name]}")
    columns(
        ("index", "event", "happened", "event id", "message", "control id", "sender"),
        [
            (
                each["index"],
                each["topic"],
                each["happened_at"],
                each["event_id"],
                each["message"]["id"] if each["message"] else None,
                each["message"]["control_id"] if each["message"] else None,
                each["message"]["sender"] if each["message"] else None,
            )
            for each in chain["events"]
        ],
    )


@contextmanager
def _opened() -> Iterator[Application]:
    log.configure("reading", "warning")
    with opened(settings.load()) as application:
        catch_up(application)
        yield application


@contextmanager
def _reader() -> Iterator[Reader]:
    with _opened() as application, open_reader(application) as reader:
        yield reader


def _mode(mode: str) -> str:
    return {"T": " (TEST)", "D": " (DEBUG)"}.get(mode, "")
