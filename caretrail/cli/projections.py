"""``projections``: the read models."""

import time
from argparse import Namespace
from collections.abc import Iterable
from dataclasses import asdict

from caretrail.bootstrap import Application
from caretrail.cli import DONE, FAILED
from caretrail.cli.home import catch_up_to_read, open_home
from caretrail.cli.output import columns, json_line, json_lines, line, note
from caretrail.failure import Failed
from caretrail.progress import progress
from caretrail.publishing import brokers_of, event_topic, publish_owed
from domain.body import RecordedEvent
from projections.catalogue import PROJECTIONS
from projections.engine import generations, parking
from projections.engine.digest import digest
from projections.engine.generations import UnknownGeneration
from projections.engine.parking import ParkedEvent
from projections.engine.position import GenerationKey
from projections.engine.projection_list import UnknownProjection
from projections.engine.switching import switch_to_kept
from projections.rebuilding.rebuild import RebuildResult


def projections_ls(options: Namespace) -> None:
    """List read models: version, kept versions, rows, position."""
    with open_home() as application, application.connect() as connection:
        latest = application.store.max_index()
        through = min(latest, application.read_models.complete_through(connection))
        fed = generations.fed(connection, PROJECTIONS)
        active = fed.active
        found = [
            {
                "name": projection.name,
                "version": active[projection.name].number,
                "kept": [one.number for one in fed.kept if one.projection is projection],
                "rows": sum(
                    generations.count(connection, active[projection.name].schema, table)
                    for table in projection.tables
                ),
                "complete_through": through,
                "behind": latest - through,
            }
            for projection in PROJECTIONS.named(_checked(options.names))
        ]
    if options.json:
        json_lines(found)
    elif found:
        columns(list(found[0]), [list(each.values()) for each in found])


def projections_digest(options: Namespace) -> int:
    """Hash the content of read models, once they hold every event.

    If they do not hold every event in time, hash what they hold, and say how far behind they are.
    The verb has then failed.
    """
    names = _checked(options.names)
    with open_home() as application, application.connect() as connection:
        newest = application.store.max_index()
        catch_up_to_read(application)
        with connection.transaction():
            connection.execute("set transaction isolation level repeatable read, read only")
            found = digest(connection, PROJECTIONS, application.services.open_segment, names)
            behind = max(0, newest - application.read_models.complete_through(connection))
    if options.json:
        json_line({name: {**asdict(each), "behind": behind} for name, each in found.items()})
    else:
        columns(
            ("projection", "rows", "sha256", "behind"),
            [(name, each.rows, each.sha256, behind) for name, each in found.items()],
        )
    return FAILED if behind else DONE


def projections_rebuild(options: Namespace) -> None:
    """Rebuild read models from the store or from Kafka; readers keep reading meanwhile."""
    names = _checked(options.names)
    with open_home() as application:
        if names:
            # The rebuilt ones are read to the position of the others.
            catch_up_to_read(application)
        started = time.monotonic()
        total = application.store.max_index()
        if options.source == "kafka":
            with brokers_of(application.settings) as brokers:
                publish_owed(application, brokers)
                topic = event_topic(application, brokers)
                from_topic = (
                    event for _, _, event in topic.events(topic.extents()) if event is not None
                )
                rebuilt = _rebuild(application, names, from_topic, total, keep=options.keep)
                topic.close()
        else:
            rebuilt = _rebuild(application, names, None, total, keep=options.keep)
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
        note(
            f"caretrail: {len(rebuilt.parked)} events are parked;"
            " `caretrail projections parked` lists their causes"
        )


def projections_switch(options: Namespace) -> None:
    """Let reads go to kept versions of read models; the versions read before are kept instead."""
    wanted: list[GenerationKey] = options.versions
    _checked([name for name, _ in wanted])
    with open_home() as application, application.connect() as connection:
        try:
            switch_to_kept(connection, PROJECTIONS, wanted)
        except UnknownGeneration as error:
            name, number = error.key
            raise Failed(
                f"version {number} of {name} is not kept; see `caretrail projections ls`"
            ) from None
    if options.json:
        json_line({"versions": dict(wanted)})
    else:
        line("now shown: " + ", ".join(f"{name} v{number}" for name, number in wanted))


def projections_parked(options: Namespace) -> None:
    """List the events that are set aside: cause, event and component."""
    with open_home() as application, application.connect() as connection:
        found = [_as_listed(each) for each in parking.parked(connection)]
    if options.json:
        json_lines(found)
    elif found:
        columns(list(found[0]), [list(each.values()) for each in found])


def projections_retry(options: Namespace) -> None:
    """Interpret again what is set aside."""
    with open_home() as application, application.connect() as connection:
        before = parking.parked(connection)
        stay = application.read_models.retry(connection)
    result = {"retried": len(before), "parked": len(stay)}
    if options.json:
        json_line(result)
    else:
        line(f"{result['retried']} events were tried again, {result['parked']} stay parked")
    if stay:
        note("caretrail: `caretrail projections parked` lists their causes")


def _as_listed(one: ParkedEvent) -> dict[str, object]:
    return {
        "reason": one.reason,
        "part": one.part,
        "index": one.index,
        "event_id": one.event_id,
        "component": one.component,
    }


def _checked(names: list[str]) -> list[str]:
    try:
        PROJECTIONS.named(names)
    except UnknownProjection as error:
        known = ", ".join(PROJECTIONS.by_name)
        raise Failed(f"{error}; the read models are: {known}") from None
    return names


def _rebuild(
    application: Application,
    names: list[str],
    source: Iterable[RecordedEvent] | None,
    total: int,
    *,
    keep: bool,
) -> RebuildResult:
    with application.connect() as connection, progress("rebuilding", total) as shown:
        return application.read_models.rebuild(
            connection,
            names,
            total,
            source=source,
            keep=keep,
            # The topic may hold events that were recorded after ``total`` was read.
            progress=lambda stage, done, _of: shown(min(done, total)) if stage == "fold" else None,
        )
