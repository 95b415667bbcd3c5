"""``audit replay`` and ``audit accesses``: what became known of a patient, and who read it."""

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict

from caretrail.cli.home import catch_up_to_read, open_home, open_home_reader
from caretrail.cli.output import as_stated, columns, json_line, json_lines, line
from caretrail.cli.patients import shared_number_listed
from caretrail.failure import Failed
from caretrail.readers import open_reader
from caretrail.reading.members import Json, actor_words
from caretrail.reading.replay import (
    change_json,
    change_words,
    differences,
    known_moment,
    replay,
    step_json,
)
from infra.access_log import StoredAccess, accesses


def audit_replay(options: Namespace) -> None:
    """Show what each event changed, or in what two moments differ."""
    with open_home_reader() as reader, shared_number_listed(as_json=options.json):
        now = reader.present()
        found = reader.patient(options.patient)
        if found is None:
            raise Failed("no patient has this id or number")
        records = found.patient.records
        if options.compare:
            first, second = options.compare
            changes = list(
                differences(
                    known_moment(reader, records, first, now=now),
                    known_moment(reader, records, second, now=now),
                )
            )
            if options.json:
                json_line(
                    {"from": first, "to": second, "changes": [change_json(c) for c in changes]}
                )
                return
            line(f"from event {first} to event {second}")
            for change in changes:
                line(f"  {change_words(change)}")
            return
        steps = replay(reader, records, now=now, after=options.after, limit=options.limit)
        if options.json:
            json_lines(map(step_json, steps))
            return
        for step in steps:
            shown = step_json(step)
            line(
                f"{shown['index']}  recorded {as_stated(shown['recorded_at'])}"
                f"  {shown['topic']}  {_by(shown)}"
            )
            for change in step.changes:
                line(f"  {change_words(change)}")
            if not step.changes:
                line("  nothing changed")


def audit_accesses(options: Namespace) -> None:
    """List who read data of a patient, the newest first."""
    with open_home() as application:
        catch_up_to_read(application)
        with open_reader(application) as reader, shared_number_listed(as_json=options.json):
            found = reader.patient(options.patient)
            if found is None:
                raise Failed("no patient has this id or number")
        with application.connect() as connection:
            rows = accesses(
                connection, found.patient.records, before=options.before or "", limit=options.limit
            )
    if options.json:
        json_lines(_access_json(each, found.patient.records) for each in rows)
        return
    columns(
        ("recorded", "who", "role", "purpose", "why", "what", "route", "id"),
        [
            (
                each.recorded_at,
                f"{each.subject} ({each.issuer})",
                each.role,
                each.purpose,
                each.reason or each.relation,
                each.kind,
                each.route,
                each.access_id,
            )
            for each in rows
        ],
    )


def _access_json(access: StoredAccess, records: Sequence[str]) -> Json:
    """Return an access record without the other patients whose data the answer held."""
    shown = asdict(access)
    shown["patients"] = [each for each in access.patients if each in records]
    shown["other_patients"] = len(access.patients) - len(shown["patients"])
    return shown


def _by(step: Json) -> str:
    if step["actor"]["kind"] == "person":
        return f"by {actor_words(step['actor'])}"
    return f"from {step['sender'] or step['actor']['subject'] or 'the system'}"
