"""Read models and proof: ``projections``, ``audit``, ``topics``."""

import time
from argparse import Namespace
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

from caretrail.bootstrap import Application, opened
from caretrail.cli import FAILED
from caretrail.cli.output import columns, json_line, json_lines, line, note
from caretrail.cli.waiting import catch_up
from caretrail.failure import Failed
from caretrail.progress import progress
from caretrail.publishing import brokers_of, event_topic, generation_of, next_generation
from caretrail.readers import open_reader
from consumers.reconcile import reconcile
from consumers.relay import Relay
from domain.body import RecordedEvent
from infra import log, settings, topics
from infra.relay_checkpoint import RelayCheckpoints
from projections import catalogue
from projections.audit_trail import trail
from projections.catalogue import UnknownProjection
from projections.digest import digest
from projections.rebuild import Rebuilt


def projections_ls(options: Namespace) -> None:
    """List read models: generation, rows, position."""
    with _opened() as application, application.connect() as connection:
        latest = application.store.max_index()
        through = min(latest, application.complete_through(connection))
        active = catalogue.active(connection)
        found = [
            {
                "name": projection.name,
                "version": active[projection.name].version,
                "rows": sum(
                    catalogue.count(connection, active[projection.name].schema, table)
                    for table in projection.tables
                ),
                "complete_through": through,
                "behind": latest - through,
            }
            for projection in catalogue.named(_names(options.names))
        ]
    if options.json:
        json_lines(found)
    elif found:
        columns(list(found[0]), [list(each.values()) for each in found])


def projections_digest(options: Namespace) -> None:
    """Hash the content of read models, caught up first."""
    names = _names(options.names)
    with _opened() as application, application.connect() as connection:
        catch_up(application)
        found = digest(connection, application.services.open_segment, names)
    if options.json:
        json_line({name: asdict(each) for name, each in found.items()})
    else:
        columns(
            ("projection", "rows", "sha256"),
            [(name, each.rows, each.sha256) for name, each in found.items()],
        )


def projections_rebuild(options: Namespace) -> None:
    """Build read models anew from the store or from Kafka; readers go on reading meanwhile."""
    names = _names(options.names)
    with _opened() as application:
        if names:
            catch_up(application)  # those that stay must not lag behind those that are new
        started = time.monotonic()
        total = application.store.max_index()
        if options.source == "kafka":
            with brokers_of(application.settings) as brokers:
                _publish_owed(application, brokers)
                topic = event_topic(application, brokers)
                from_topic = (
                    event for _, _, event in topic.events(topic.extents()) if event is not None
                )
                rebuilt = _rebuild(application, names, from_topic, total)
                topic.close()
        else:
            rebuilt = _rebuild(application, names, None, total)
    result = {
        "versions": rebuilt.versions,
        "events": rebuilt.events,
        "rows": rebuilt.rows,
        "parked": len(rebuilt.parked),
        "seconds": round(time.monotonic() - started, 3),
    }
    if options.json:
        json_line(result)
    else:
        versions = ", ".join(f"{name} v{number}" for name, number in rebuilt.versions.items())
        line(f"{result['events']} events, {result['rows']} rows, {result['seconds']} s: {versions}")
    if rebuilt.parked:
        note(f"caretrail: {len(rebuilt.parked)} events are set aside: they cannot be interpreted")


def audit_trail(options: Namespace) -> None:
    """List events: who, what, when stated, when recorded, from which message."""
    with _opened() as application, open_reader(application) as reader:
        catch_up(application)
        found = reader.patient(options.patient) if options.patient else None
        if options.patient and found is None:
            raise Failed("nobody has this id or number")
        records = found.patient.records if found else None
        with application.connect() as connection:
            rows = trail(connection, records=records, after=options.after, limit=options.limit)
    if options.json:
        json_lines(map(asdict, rows))
        return
    columns(
        ("index", "recorded", "happened", "what", "from", "control id", "message"),
        [
            (
                each.source_position,
                each.recorded_at,
                each.happened_at,
                each.topic,
                each.sender,
                each.control_id,
                each.message_id,
            )
            for each in rows
        ],
    )


def audit_reconcile(options: Namespace) -> int:
    """Publish what is owed, then compare every event of store and topic."""
    with _opened() as application, brokers_of(application.settings) as brokers:
        total = application.store.max_index()
        topic = event_topic(application, brokers)
        with progress("comparing", 2 * total) as shown:
            report = reconcile(
                application.store,
                topic,
                publish=lambda: _publish_owed(application, brokers),
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
        line(f"store {result['store']}, topic {result['topic']}, published {report.published} now")
        line("they hold the same events" if report.equal else "they DIFFER")
        for name in ("missing", "extra", "differing"):
            if result[name]:
                line(f"{name}: {result[name]}")
    return 0 if report.equal else FAILED


def topics_ls(options: Namespace) -> None:
    """List our topics."""
    with _opened() as application, brokers_of(application.settings) as brokers:
        prefix = application.settings.topic_prefix
        found = topics.ls(brokers, prefix, generation_of(application))
    if options.json:
        json_lines(map(asdict, found))
    else:
        columns(
            ("topic", "partitions", "replication", "as wanted"),
            [(each.name, each.partitions, each.replication, each.as_wanted) for each in found],
        )


def topics_apply(options: Namespace) -> None:
    """Create what is missing of our topics, mend what differs; or begin a new generation."""
    with _opened() as application, brokers_of(application.settings) as brokers:
        begin = next_generation if options.new_generation else generation_of
        number = begin(application)
        changed = topics.apply(brokers, application.settings.topic_prefix, number)
    if options.new_generation:
        note(
            "caretrail: a service that runs keeps to its topics: start it again, and it publishes"
            " every event to the new ones. The old ones stay until somebody deletes them."
        )
    if options.json:
        json_line({"generation": number, "changed": changed})
    else:
        line("changed: " + ", ".join(changed) if changed else "all topics are as wanted")


@contextmanager
def _opened() -> Iterator[Application]:
    log.configure("keeping", "warning")
    with opened(settings.load()) as application:
        yield application


def _names(names: list[str]) -> list[str]:
    try:
        catalogue.named(names)
    except UnknownProjection as error:
        known = ", ".join(catalogue.PROJECTIONS)
        raise Failed(f"{error}; there are: {known}") from None
    return names


def _publish_owed(application: Application, brokers: str) -> int:
    topic = event_topic(application, brokers)
    published = 0

    def count(sent: object) -> None:
        nonlocal published
        published += getattr(sent, "events", 0)

    relay = Relay(
        application.store,
        topic,
        RelayCheckpoints(application.url, topic.name),
        on_sent=count,
    )
    relay.catch_up(timeout=600)
    topic.close()
    return published


def _rebuild(
    application: Application, names: list[str], source: Iterable[RecordedEvent] | None, total: int
) -> Rebuilt:
    with application.connect() as connection, progress("rebuilding", total) as shown:
        return application.rebuild(
            connection,
            names,
            total,
            source=source,
            progress=lambda stage, done, _of: shown(done) if stage == "fold" else None,
        )
