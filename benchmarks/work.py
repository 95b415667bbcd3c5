"""Work that is measured in a process of its own, so that its memory can be measured too.

``python -m benchmarks.work WHAT [NAME]`` works on the database of the environment's settings and
prints the number of events, the seconds and the peak of memory as one line of JSON.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg

from caretrail.bootstrap import Application, opened
from infra import settings
from projections import last_seen
from projections.engine import fold
from projections.engine.projection_list import ProjectionList

_WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
#: Events in each batch when the reference view is kept up to date.
_BATCH = 500
_REFERENCE = ProjectionList([last_seen.PROJECTION])


def rebuilding(application: Application, names: list[str]) -> int:
    """Rebuild projections, as ``caretrail projections rebuild`` does."""
    total = application.store.max_index()
    with application.connect() as connection:
        return application.read_models.rebuild(connection, names, total).events


def live(application: Application, _names: list[str]) -> int:
    """Fold all events into the reference view in batches, each with its position in a transaction.

    The next batch is read while one is folded, because the library's subscription does so too.
    """
    store, services = application.store, application.services
    with application.connect() as connection, ThreadPoolExecutor(max_workers=1) as reader:
        done = 0
        reading = reader.submit(store.read, 0, _BATCH)
        while batch := reading.result():
            reading = reader.submit(store.read, batch[-1].envelope.index, _BATCH)
            applied = fold.apply(
                connection,
                _REFERENCE,
                batch,
                heal=store.read_partition,
                services=services,
            )
            done += applied.applied
    return done


def draining(application: Application, _names: list[str]) -> int:
    """Read the whole log by raw COPY; no rebuild from PostgreSQL can be faster."""
    with (
        psycopg.connect(application.url) as connection,
        connection.cursor() as cursor,
        cursor.copy(
            "copy (select * from es.event order by notification_id) to stdout (format binary)"
        ) as copy,
    ):
        for _ in copy:
            pass
    return application.store.max_index()


_WORK: dict[str, Callable[[Application, list[str]], int]] = {
    "rebuild": rebuilding,
    "live": live,
    "drain": draining,
}

if __name__ == "__main__":
    with opened(settings.load()) as _application:
        _started = time.perf_counter()
        _events = _WORK[sys.argv[1]](_application, sys.argv[2:])
        print(
            json.dumps(
                {
                    "events": _events,
                    "seconds": time.perf_counter() - _started,
                    # In MB (on Linux). If a rebuild uses several processes: the largest of them.
                    "peak": max(resource.getrusage(who).ru_maxrss for who in _WHO) / 1024,
                }
            )
        )
