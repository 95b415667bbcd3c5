"""``audit``: every event, and the comparison of the store with Kafka."""

from argparse import Namespace
from dataclasses import asdict

from caretrail.cli import FAILED
from caretrail.cli.home import catch_up_to_read, open_home
from caretrail.cli.output import as_stated, columns, json_line, json_lines, line, note
from caretrail.cli.patients import shared_number_listed
from caretrail.failure import Failed
from caretrail.progress import progress
from caretrail.publishing import brokers_of, event_topic, publish_owed
from caretrail.readers import open_reader
from caretrail.reading.members import instant
from consumers.reconcile import reconcile
from infra.refused_records import REMEDY
from projections.audit_trail import EventRow, trail


def audit_trail(options: Namespace) -> None:
    """List events: when they happened and were recorded, what they say, and who sent them."""
    with open_home() as application:
        catch_up_to_read(application)
        records = None
        if options.patient:
            with (
                open_reader(application) as reader,
                shared_number_listed(as_json=options.json),
            ):
                found = reader.patient(options.patient)
            if found is None:
                raise Failed("no patient has this id or number")
            records = found.patient.records
        with application.connect() as connection:
            rows = trail(connection, records=records, after=options.after, limit=options.limit)
    if options.json:
        json_lines(map(asdict, rows))
        return
    columns(
        ("index", "recorded", "happened", "what", "from", "control id", "message", "by"),
        [
            (
                each.source_position,
                each.recorded_at,
                as_stated(instant(each.happened_at), each.happened_precision),
                each.topic,
                each.sender,
                each.control_id,
                each.message_id,
                _person(each),
            )
            for each in rows
        ],
    )


def _person(row: EventRow) -> str:
    """Return the person who gave the command of an own event."""
    if row.actor_kind != "person":
        return ""
    issued = f"{row.actor_subject} ({row.actor_issuer})" if row.actor_issuer else row.actor_subject
    return ", ".join(filter(None, (issued, row.actor_role, row.actor_purpose)))


def audit_reconcile(options: Namespace) -> int:
    """Publish what Kafka lacks, then compare every event of the store and of the topic."""
    with open_home() as application, brokers_of(application.settings) as brokers:
        total = application.store.max_index()
        topic = event_topic(application, brokers)
        with progress("comparing", 2 * total) as shown:
            report = reconcile(
                application.store,
                topic,
                publish=lambda: publish_owed(application, brokers),
                progress=lambda stage, done, of: shown(done + (of if stage == "topic" else 0)),
            )
        topic.close()
    result = {
        "equal": report.equal,
        "store": report.events,
        "topic": report.in_topic,
        **asdict(report),
    }
    if options.json:
        json_line(result)
    else:
        line(
            f"{result['store']} events in the store, {result['topic']} in the topic;"
            f" {report.published} were published just now"
        )
        line(
            "the store and the topic hold the same events"
            if report.equal
            else "the store and the topic DIFFER"
        )
        for name in ("missing", "extra", "differing"):
            if result[name]:
                line(f"{name}: {result[name]}")
        if report.refused:
            note(
                f"caretrail: {report.refused} records of the topic were not published by this"
                f" installation. They are in no read model. {REMEDY}"
            )
    return 0 if report.equal else FAILED
