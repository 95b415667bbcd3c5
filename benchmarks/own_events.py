"""Measure what an own event costs for a patient with few statements, and for one with many.

``python -m benchmarks.own_events`` prints a table: the median time in which one event is applied to
all read models, for a statement and for an own event (a request of a referral). An own event does
not interpret the statements of the patient again, so the number of statements hardly matters. The
last line is ``batch_rates``: both in batches of the projector.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.measures import Rates
from benchmarks.table import TableLine, markdown
from caretrail.bootstrap import Application, opened
from caretrail.intake import reading_context
from commands.catalogue import COMMANDS
from commands.decisions import Caller, GivenCommand
from consumers.hl7v2.translate import read
from domain.body import Actor, Envelope, RecordedEvent
from domain.encoding import make_body
from domain.ids import EventId, IdKey, RecordId, StreamId
from domain.partitions import partition_of
from domain.party import Party
from domain.referral import ReferralRequested
from domain.statement import Moment
from infra.clock import new_id
from infra.postgres_server import PostgresServer
from infra.settings import Settings
from projections.catalogue import PROJECTIONS
from projections.engine import fold
from projections.engine.component_memory import ComponentMemory

#: Statements of the two patients.
FEW: Final = 60
MANY: Final = 5_000
#: For the patient with many, one more message may take this many times as long.
GOAL: Final = 5.0

_START: Final = datetime(2026, 3, 2, tzinfo=UTC)
_VISIT: Final = 50  # statements of one encounter
_RECORDED: Final = 250  # messages in one transaction
#: Own events in batches, against statements: at least half as many in a second.
SHARE: Final = 0.5
_PATIENTS: Final = 400  # in a batch; each has one event in it
_OF_PATIENT: Final = 4  # statements of each patient before that
#: The steps of a referral, a batch each.
_STEPS: Final = ("request", "receive", "accept", "send_interim_note", "send_outcome")
_MEMBERS: Final = {
    "receive": {"channel": "electronic"},
    "send_interim_note": {"findings": "seen"},
    "send_outcome": {"findings": "no pacemaker is needed"},
}
_IDS: Final = IdKey(b"own events of the benchmark")


def _messages(patient: str, numbers: Iterable[int]) -> Iterator[bytes]:
    """Yield messages of one patient: encounters of an admission, 48 transfers and a discharge."""
    for number in numbers:
        visit, step = divmod(number, _VISIT)
        trigger = "A01" if step == 0 else "A03" if step == _VISIT - 1 else "A02"
        when = f"{_START + timedelta(hours=number):%Y%m%d%H%M%S}"
        admitted = f"{_START + timedelta(hours=visit * _VISIT):%Y%m%d%H%M%S}"
        yield (
            f"MSH|^~\\&|ADT|HOSP|||{when}||ADT^{trigger}|{patient}{number:06}|P|2.5.1\r"
            f"EVN|{trigger}|{when}||||{when}\r"
            f"PID|1||{patient}^^^HOSP^MR||Dorn^Ada||19510602|F\r"
            f"PV1|1|I|MED^{number % 40}^1^HOSP||||||||||||||||{patient}V{visit}"
            f"{'|' * 25}{admitted}\r"
        ).encode()


def _record(application: Application, patient: str, numbers: Sequence[int]) -> RecordId:
    """Record messages of one patient; return the source record."""
    context = reading_context(application, arrived_by="file")
    for start in range(0, len(numbers), _RECORDED):
        some = _messages(patient, numbers[start : start + _RECORDED])
        application.record([read(each, context=context) for each in some])
    last = application.store.one(application.store.max_index())
    assert last is not None
    return RecordId(last.envelope.stream)


class _Referrals:
    """Requests of referrals that follow the last event of a store."""

    def __init__(self, application: Application) -> None:
        self._index = application.store.max_index()
        self._last = application.store.last_ids()
        self._incarnation = application.store.incarnation

    def request(self, record: RecordId) -> RecordedEvent:
        """Return the next event: a new referral of a patient."""
        self._index += 1
        stream = _IDS.record("referral", str(self._index), "P")
        partition = partition_of(stream)
        happened_at = _START + timedelta(days=400)
        core = ReferralRequested(
            record=record,
            happened_at=Moment(at=happened_at),
            requester=Party(organisation="HOSP"),
            target=Party(organisation="CLINIC"),
        )
        envelope = Envelope(
            index=self._index,
            previous=self._last.get(partition, 0),
            partition=partition,
            event_id=EventId(_IDS.record("event", str(self._index), "P")),
            topic=ReferralRequested.TOPIC,
            stream=stream,
            version=1,
            subjects=(stream, record),
            recorded_at=happened_at,
            happened_at=happened_at,
            tenant="default",
            facility="HOSP",
            actor=Actor(kind="person", subject="benchmark", purpose="TREAT"),
            incarnation=self._incarnation,
        )
        self._last[partition] = self._index
        return RecordedEvent(envelope=envelope, body=make_body(core))


def _times(
    application: Application, memory: ComponentMemory, events: Iterable[RecordedEvent]
) -> list[float]:
    """Apply events one by one, as the projector does; return the seconds that each took."""
    services = replace(application.services, memory=memory)
    times: list[float] = []
    with application.connect() as connection:
        for event in events:
            started = time.perf_counter()
            done = fold.apply(
                connection,
                PROJECTIONS,
                [event],
                heal=application.store.read_partition,
                services=services,
            )
            times.append(time.perf_counter() - started)
            assert (done.applied, done.parked) == (1, ())
    return times


@contextmanager
def _application() -> Iterator[Application]:
    # In a folder that another user can enter: if we are root, PostgreSQL runs as another user.
    with TemporaryDirectory(prefix="caretrail-bench-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        with PostgresServer(home) as postgres:
            settings = Settings.model_validate(
                {"home": home / "home", "database_url": postgres.url, "kafka": False,
                 "id_key": "07" * 32, "log_level": "error"}
            )  # fmt: skip
            (home / "home").mkdir(mode=0o700)
            with opened(settings) as application:
                yield application


def measured(*, few: int = FEW, many: int = MANY, events: int = 25) -> dict[str, list[float]]:
    """Return the median milliseconds of a statement and of an own event, for few and many."""
    with _application() as application:
        return _measured(application, few, many, events)


def _measured(application: Application, few: int, many: int, events: int) -> dict[str, list[float]]:
    sizes = {"1": few, "2": many}
    records = {each: _record(application, each, range(size)) for each, size in sizes.items()}
    application.read_models.catch_up()
    store, memory = application.store, ComponentMemory()
    found: dict[str, list[float]] = {"statement": [], "own event": []}
    for each, size in sizes.items():
        _record(application, each, range(size, size + events + 1))
        through = store.max_index() - events - 1
        first, *others = store.read(through, events + 1)
        _times(application, memory, [first])  # the projector does not know the rows yet
        times = _times(application, memory, others)
        found["statement"].append(statistics.median(times) * 1000)
    referrals = _Referrals(application)
    _times(
        application, memory, [referrals.request(each) for each in records.values()]
    )  # the first ones
    times = _times(
        application,
        memory,
        [referrals.request(each) for _ in range(events) for each in records.values()],
    )
    found["own event"] = [statistics.median(times[at::2]) * 1000 for at in (0, 1)]
    return found


def batch_rates() -> Rates:
    """Return how many events are applied in a second, in batches of one event of each patient.

    The baseline is statements: a transfer of each patient. Ours is own events: a step of a referral
    of each patient. Both are recorded, read from the store, and applied to all read models with
    their positions, in one transaction for each batch, as the projector does.
    """
    found = Rates()
    with _application() as application:
        names = [f"B{number:04}" for number in range(_PATIENTS)]
        records = [_record(application, each, range(_OF_PATIENT)) for each in names]
        application.read_models.catch_up()
        memory = ComponentMemory()
        streams = [StreamId(new_id()) for _ in records]
        for step, verb in enumerate(_STEPS):
            for each in names:
                number = _OF_PATIENT + step
                _record(application, each, range(number, number + 1))
            found.baseline.append(_rate(application, memory))
            _give(application, verb, list(zip(streams, records, strict=True)))
            found.ours.append(_rate(application, memory))
    # The first round fills caches and statements.
    del found.baseline[0], found.ours[0]
    return found


def line(rates: Rates) -> TableLine:
    """Return the line of the table about events in batches."""
    statements, own = statistics.median(rates.baseline), statistics.median(rates.ours)
    verdict = "" if rates.ratio >= SHARE else ", missed"
    return TableLine(
        f"batches of {_PATIENTS} kept live, statements/s, own events/s",
        "",
        f"{statements:,.0f}, {own:,.0f}",
        f"{rates.ratio:.2f} x",
        f"{SHARE:g} x{verdict}",
    )


def _give(
    application: Application, verb: str, referrals: Sequence[tuple[StreamId, RecordId]]
) -> None:
    """Give one command on each referral."""
    (shape,) = (each for each in COMMANDS if each.KIND.name == "referral" and verb == each.VERB)
    clinic = {"organisation": "CLINIC"}
    caller = Caller(actor=Actor(kind="person", subject="benchmark", purpose="TREAT"))
    given = [
        GivenCommand(
            shape.model_validate(
                {
                    "stream": stream,
                    **(
                        {"record": record, "requester": {"organisation": "HOSP"}, "target": clinic}
                        if shape.BEGINS
                        else {"by": clinic, **_MEMBERS.get(verb, {})}
                    ),
                }
            ),
            caller,
        )
        for stream, record in referrals
    ]
    for outcome in application.decisions.record_all(given):
        if isinstance(outcome, Exception):
            raise outcome


def _rate(application: Application, memory: ComponentMemory) -> float:
    """Apply what was recorded since, in one batch; return the events of a second."""
    store = application.store
    services = replace(application.services, memory=memory)
    with application.connect() as connection:
        done = max(fold.positions(connection, PROJECTIONS).values(), default=0)
        batch = store.read(done, _PATIENTS)
        started = time.perf_counter()
        applied = fold.apply(
            connection, PROJECTIONS, batch, heal=store.read_partition, services=services
        )
        took = time.perf_counter() - started
    assert (applied.applied, applied.parked) == (_PATIENTS, ())
    return applied.applied / took


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.own_events", description=__doc__)
    parser.add_argument("--few", type=int, default=FEW, metavar="STATEMENTS")
    parser.add_argument("--many", type=int, default=MANY, metavar="STATEMENTS")
    parser.add_argument("--events", type=int, default=25, help="of each kind and patient")
    given = parser.parse_args()
    found = measured(few=given.few, many=given.many, events=given.events)
    print("| one event, ms | few | many | ratio |\n|---|---|---|---|")
    for kind, (few, many) in found.items():
        print(f"| {kind} | {few:.1f} | {many:.1f} | {many / few:.2f} x |")
    print(f"\n{markdown([line(batch_rates())])}")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
