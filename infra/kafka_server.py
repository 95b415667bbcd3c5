"""Apache Kafka itself as a single local node, for a machine without a broker of its own.

The published jars (``kafka_jars``) run on the Java of a wheel (``java``), as a child in a session
of its own, on loopback ports chosen at the start. What a ``kill -9`` left running is found by the
next start, and taken over or stopped. `docs/decisions/0003` says why not a look-alike.
"""

from collections.abc import Mapping
from pathlib import Path
from signal import SIGTERM
from types import TracebackType
from typing import Final, Self

from infra import child_processes, java, kafka_jars
from infra.java import Java, NoJava
from infra.kafka_home import (
    ENVIRONMENT,
    LOG4J,
    PROPERTIES,
    NotFormatted,
    Place,
    address,
    answers,
    jars_of,
)
from infra.kafka_jars import NoJars, Progress
from infra.sharing import Share

#: What a single node of ours is started with anywhere; ``docker-compose.yml`` says the same.
SETTINGS: Final[Mapping[str, str]] = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "auto.create.topics.enable": "false",
    # A node killed and started again waits for its own old session to run out: 4 s, not 12 s.
    "broker.session.timeout.ms": "1500",
    "broker.heartbeat.interval.ms": "300",
}

_START: Final = 120.0  # seconds: logs are read again after a crash
_STOP: Final = 30.0  # seconds for a clean stop; then killed, which loses nothing
_TERMINATED: Final = 128 + SIGTERM  # how Java tells that it ended for this signal
_TRIES: Final = 3  # a free port may be taken meanwhile


class KafkaUnavailable(Exception):
    """No broker can be had on this machine; ``reason`` says why, in one line."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"Apache Kafka cannot be started here: {reason}")


class KafkaServer:
    """The broker of one home; as a context manager it is stopped at the end.

    Args:
        home: The folder that holds everything local; two homes never meet.
        progress: Told of each jar that comes, at the very first start on this machine.
        mirror: The address of the repository to fetch from, for sites that have their own.
    """

    def __init__(
        self, home: Path, *, progress: Progress | None = None, mirror: str | None = None
    ) -> None:
        self._place = Place(home, SETTINGS)
        self._progress = progress
        self._mirror = mirror
        self._share = Share(self._place.folder)
        self._child: child_processes.ChildProcess | None = None

    @property
    def bootstrap_servers(self) -> str:
        """Where the broker is, as ``HOST:PORT``.

        Raises:
            KafkaUnavailable: it is not started.
        """
        if self._child is None:
            raise KafkaUnavailable("it is not started")
        return address(self._child)

    @property
    def pid(self) -> int | None:
        """The process id of the broker, None when it is not started."""
        return None if self._child is None else self._child.pid

    @property
    def log(self) -> Path:
        """The broker's log; it holds no record's key, value or header."""
        return self._place.log

    def is_running(self) -> bool:
        """Say whether the broker's process is there."""
        return self._child is not None and self._child.is_running()

    def start(self) -> str:
        """Start the broker, or take over the one that runs in this home; return where it is.

        Returns when it answers: after 1.5 to 4 s; the very first time on a machine the jars are
        fetched before, 44 MB. After a crash of the broker it comes back on the same ports when
        they are still free.

        Raises:
            KafkaUnavailable: it cannot be had here, or did not start; says why.
        """
        if self.is_running():
            return self.bootstrap_servers
        self.leave()
        try:
            self._place.make()
            with self._share.starting_or_stopping():
                self._share.take()
                self._child = self._taken_over() or self._launched()
        except (NoJava, NoJars, NotFormatted) as error:
            self.leave()
            raise KafkaUnavailable(str(error)) from error
        except OSError as error:
            self.leave()
            raise KafkaUnavailable(error.strerror or type(error).__name__) from error
        except BaseException:
            self.leave()
            raise
        return self.bootstrap_servers

    def stop(self) -> None:
        """Stop the broker whoever else uses it; what it has acknowledged is kept."""
        self._let_go(everybody=True)

    def leave(self) -> None:
        """Stop the broker unless somebody else uses it; then the last one to leave stops it."""
        self._let_go(everybody=False)

    def stop_left(self) -> None:
        """Stop what a killed run left in this home, without starting anything."""
        for each in self._place.all_running():
            each.stop((SIGTERM,), within=_STOP)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _let_go(self, *, everybody: bool) -> None:
        if not self._share.is_held:
            return
        child, self._child = self._child, None
        with self._share.starting_or_stopping():
            if child is not None and (everybody or self._share.is_only_one()):
                self._end(child)
            elif child is not None:
                child.disown()
            self._share.give_back()

    def _end(self, child: child_processes.ChildProcess) -> None:
        ran = child.is_running()
        gently = child.stop((SIGTERM,), within=_STOP)
        # Half an archive, of a broker that was killed while it wrote, must not be kept.
        if ran and gently and child.exit_code in {None, 0, _TERMINATED}:
            java.keep(self._place.training, Path(child.facts["archives"]))

    def _taken_over(self) -> child_processes.ChildProcess | None:
        """Return the broker found running if it answers; end every other one of this home."""
        found = self._place.find()
        if found is not None and (jars_of(found) or not self._share.is_only_one()):
            child_processes.wait_until(lambda: answers(found) or not found.is_running(), _START)
            if answers(found):
                return found
        self.stop_left()
        return None

    def _launched(self) -> child_processes.ChildProcess:
        runtime = java.find()
        jars = kafka_jars.fetched(progress=self._progress, mirror=self._mirror)
        self._place.format(runtime, jars)
        for _ in range(_TRIES):
            child = self._try(runtime, jars, self._place.free_ports())
            if child is not None:
                return child
            if "Address already in use" not in self._place.log_of_start():
                break
        raise KafkaUnavailable(f"it did not start: {self._place.last_words()}")

    def _try(
        self, runtime: Java, jars: Path, ports: tuple[int, int]
    ) -> child_processes.ChildProcess | None:
        place = self._place
        place.configure(ports)
        archives = jars.parent / runtime.key
        with place.open_log() as log:
            child = child_processes.start(
                [
                    *(runtime.program, "-Xms256m", "-Xmx512m"),
                    *java.options(runtime, archives, place.training),
                    # No files outside the home, and no half-dead broker.
                    *("-XX:-UsePerfData", "-XX:+ExitOnOutOfMemoryError"),
                    *("-XX:ErrorFile=crash.log", place.mark),
                    *(f"-Dlog4j2.configurationFile={LOG4J}", "-cp", f"{jars}/*"),
                    *("kafka.Kafka", PROPERTIES),
                ],
                record=place.record,
                facts={
                    "port": str(ports[0]),
                    "jars": kafka_jars.key(),
                    "archives": str(archives),
                },
                environment=ENVIRONMENT,
                folder=place.folder,
                output=log,
            )
        ready = False
        try:
            child_processes.wait_until(lambda: answers(child) or not child.is_running(), _START)
            ready = child.is_running() and answers(child)
        finally:
            if not ready:
                child.stop((SIGTERM,), within=_STOP)
        return child if ready else None


def running_bootstrap(home: Path) -> str | None:
    """Return where the broker of a home is, if one runs and answers; nothing is started."""
    found = Place(home, SETTINGS).find()
    return address(found) if found is not None and answers(found) else None
