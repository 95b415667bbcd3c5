"""Apache Kafka as a single local node, for a machine that has no broker.

The published jars (``kafka_jars``) run on the Java of a wheel (``java``). The broker is a child
process in a session of its own and listens on loopback ports that are chosen at the start. If our
process is killed, its next start finds the broker and takes it over or stops it.
`docs/decisions/0003` says why no look-alike of Kafka is used.
"""

from collections.abc import Mapping
from pathlib import Path
from signal import SIGTERM
from typing import Final

from typing_extensions import override

from infra import child_processes, java, kafka_jars
from infra.java import Java, NoJava
from infra.kafka_access import USER, Brokers, embedded
from infra.kafka_home import (
    ENVIRONMENT,
    LOG4J,
    PROPERTIES,
    KafkaHome,
    NotFormatted,
    RunningBroker,
)
from infra.kafka_jars import NoJars, Progress
from infra.key_file import KeyFileUnusable
from infra.shared_server import SharedServer

#: Settings of a single node, here and in ``docker-compose.yml`` (a test compares the two).
SETTINGS: Final[Mapping[str, str]] = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    # Who connects must know the password of the home, also to the port that the broker uses itself.
    "listener.security.protocol.map": "CLIENTS:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
    "inter.broker.listener.name": "CLIENTS",
    "sasl.enabled.mechanisms": "PLAIN",
    "sasl.mechanism.inter.broker.protocol": "PLAIN",
    "sasl.mechanism.controller.protocol": "PLAIN",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "auto.create.topics.enable": "false",
    # Only topics of the broker itself are compacted. The default takes 128 MiB of memory.
    "log.cleaner.dedupe.buffer.size": "4194304",
    # A node that was killed and starts again waits until its old session expires: 4 s, not 12 s.
    "broker.session.timeout.ms": "1500",
    "broker.heartbeat.interval.ms": "300",
}

_START: Final = 120.0  # seconds: after a crash the broker reads its logs again
_STOP: Final = 30.0  # seconds for a clean stop; then the broker is killed, which loses nothing
_TERMINATED: Final = 128 + SIGTERM  # exit code of a Java that ended because of this signal
_TRIES: Final = 3  # another process may take a free port before the broker binds it


class KafkaUnavailable(Exception):
    """The broker cannot be started on this machine; ``reason`` says why, in one line."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"Apache Kafka cannot be started here: {reason}."
            " Another broker can be named in CARETRAIL_KAFKA_BOOTSTRAP_SERVERS"
        )


class KafkaServer(SharedServer[RunningBroker]):
    """The broker of one home; as a context manager it is stopped at the end.

    Args:
        home: The folder that holds everything local; two homes never share a broker.
        progress: Called for each jar that is fetched, at the first start on this machine.
        mirror: The address of the repository to fetch from, for sites that have their own.
    """

    def __init__(
        self, home: Path, *, progress: Progress | None = None, mirror: str | None = None
    ) -> None:
        self._home = KafkaHome(home, SETTINGS)
        self._progress = progress
        self._mirror = mirror
        super().__init__(self._home.folder)

    @property
    def bootstrap_servers(self) -> str:
        """Where clients find the broker, as ``HOST:PORT``.

        Raises:
            KafkaUnavailable: The broker is not started.
        """
        if self._running is None:
            raise KafkaUnavailable("it is not started")
        return self._running.address

    @property
    def brokers(self) -> Brokers:
        """How clients reach the broker: its address and the credentials of the home.

        Raises:
            KafkaUnavailable: The broker is not started.
        """
        return embedded(self.bootstrap_servers, self._home.password())

    @property
    def pid(self) -> int | None:
        """The process id of the broker; None if it is not started."""
        return None if self._running is None else self._running.child.pid

    @property
    def log(self) -> Path:
        """The broker's log; it holds no key, value or header of a record."""
        return self._home.log.path

    @override
    def start(self) -> str:
        """Start the broker, or take over the broker that runs in this home; return its address.

        Returns when the broker answers, after 1.5 to 4 s. The first start on a machine fetches the
        jars before that (44 MB). A restart uses the same ports if they are still free.

        Raises:
            KafkaUnavailable: The broker is not available here or did not start. The error says why.
        """
        try:
            self._ensure_running()
        except (NoJava, NoJars, NotFormatted, KeyFileUnusable) as error:
            raise KafkaUnavailable(str(error)) from error
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise KafkaUnavailable(f"{self._home.folder}: {reason}") from error
        return self.bootstrap_servers

    def stop_left(self) -> None:
        """Stop the broker that a killed run left in this home, without starting one."""
        for each in self._home.all_running():
            each.stop((SIGTERM,), within=_STOP)

    @override
    def _make_folder(self) -> None:
        self._home.make()

    @override
    def _end(self, running: RunningBroker) -> None:
        child = running.child
        ran = child.is_running()
        gently = child.stop((SIGTERM,), within=_STOP)
        # A broker that was killed while it wrote its class archive has left only half of it.
        if ran and gently and child.exit_code in {None, 0, _TERMINATED}:
            java.keep(self._home.training, running.archives)

    @override
    def _take_over(self) -> RunningBroker | None:
        """Return the broker that runs in this home if it answers; end every other one.

        A broker that runs on other jars is taken over only if another process uses it. A broker of
        release 0.1.0 asks for no credentials: it is ended.
        """
        found = self._home.find()
        if (
            found is not None
            and found.asks_for_credentials()
            and (found.has_pinned_jars() or not self._users.only_we())
        ):
            child_processes.wait_until(
                lambda: found.answers() or not found.child.is_running(), _START
            )
            if found.answers():
                return found
        self.stop_left()
        return None

    @override
    def _launch(self) -> RunningBroker:
        runtime = java.find()
        jars = kafka_jars.fetched(progress=self._progress, mirror=self._mirror)
        archives = jars.parent / runtime.key
        self._home.format(runtime, jars, archives)
        for _ in range(_TRIES):
            broker = self._try(runtime, jars, archives, self._home.free_ports())
            if broker is not None:
                return broker
            if "Address already in use" not in self._home.log.of_this_start():
                break
        raise KafkaUnavailable(
            f"it did not start: {self._home.reason_of_failure()} (log: {self.log})"
        )

    def _try(
        self, runtime: Java, jars: Path, archives: Path, ports: tuple[int, int]
    ) -> RunningBroker | None:
        home = self._home
        home.configure(ports)
        with home.log.open() as log:
            child = child_processes.start(
                [
                    *(runtime.program, "-Xms256m", "-Xmx512m"),
                    *java.options(runtime, archives, home.training),
                    # No files outside the home; exit if memory runs out, rather than half work on.
                    *("-XX:-UsePerfData", "-XX:+ExitOnOutOfMemoryError"),
                    *("-XX:ErrorFile=crash.log", home.mark),
                    *(f"-Dlog4j2.configurationFile={LOG4J}", "-cp", f"{jars}/*"),
                    *("kafka.Kafka", PROPERTIES),
                ],
                record=home.record,
                facts={
                    "port": str(ports[0]),
                    "jars": kafka_jars.key(),
                    "archives": str(archives),
                    "credentials": USER,
                },
                environment=ENVIRONMENT,
                folder=home.folder,
                output=log,
            )
        broker = RunningBroker(child)
        ready = False
        try:
            child_processes.wait_until(lambda: broker.answers() or not child.is_running(), _START)
            ready = child.is_running() and broker.answers()
        finally:
            if not ready:
                child.stop((SIGTERM,), within=_STOP)
        return broker if ready else None


def running_bootstrap(home: Path) -> str | None:
    """Return the address of the broker that runs in a home and answers; never start one."""
    found = KafkaHome(home, SETTINGS).find()
    return found.address if found is not None and found.answers() else None
