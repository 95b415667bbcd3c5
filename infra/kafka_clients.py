"""Make the clients of Kafka: the admin, a consumer, and a producer. Every wait has a limit."""

import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError
from kafka.record import util as record_util

from commands.ports.topic import TopicUnavailable
from infra.kafka_access import Brokers

#: Bytes of the largest value: room for a message of 16 MiB as sealed segments in base64.
LARGEST_VALUE: Final = 32 << 20
ANSWER: Final = 30.0  # seconds that one request may take
CONNECT: Final = 20.0  # seconds that a broker may take until its port opens
CLOSE: Final = 1.0  # seconds to close a client that is thrown away
DELIVERY: Final = 45.0  # seconds that a batch may take, enough for the restart of a broker

# The client's own log lines would reach standard error and may quote records. Failures that matter
# are raised as errors of ours.
logging.getLogger("kafka").setLevel(logging.CRITICAL)  # noqa: TID251 - to silence it


class SlowChecksums(Exception):
    """The C extension ``crc32c`` is missing; kafka-python would be four to eight times slower."""

    def __init__(self) -> None:
        super().__init__(
            "The crc32c extension of kafka-python is not installed."
            " Install it with: pip install 'kafka-python[crc32c]'"
        )


def require_fast_checksums() -> None:
    """Refuse to go on if the C extension ``crc32c`` is missing.

    Raises:
        SlowChecksums: The extension is missing.
    """
    if record_util.crc32c_c is None:
        raise SlowChecksums


def wait_for_port(brokers: Brokers, timeout: float = CONNECT) -> None:
    """Return when one of the brokers accepts connections.

    A client that is made before that waits up to half a minute between its attempts.

    Args:
        brokers: Where the brokers are.
        timeout: Seconds to wait at most.

    Raises:
        TopicUnavailable: No broker accepted a connection in ``timeout`` seconds.
    """
    deadline = time.monotonic() + timeout
    while True:
        for server in brokers.servers.split(","):
            host, _, port = server.strip().rpartition(":")
            with suppress(OSError), socket.create_connection((host.strip("[]"), int(port)), 1.0):
                return
        if time.monotonic() > deadline:
            raise TopicUnavailable(f"no broker answers at {brokers.servers}")
        time.sleep(0.1)


@contextmanager
def failing_as_unavailable() -> Iterator[None]:
    """Turn errors of the Kafka client into ``TopicUnavailable``."""
    try:
        yield
    except KafkaError as error:
        raise TopicUnavailable(type(error).__name__) from error


def admin(brokers: Brokers) -> Any:  # the client has no types
    """Return a client that creates and describes topics; the caller closes it.

    Raises:
        TopicUnavailable: No broker answers.
    """
    wait_for_port(brokers)
    with failing_as_unavailable():
        return KafkaAdminClient(
            **brokers.client(),
            bootstrap_timeout_ms=int(ANSWER * 1000),
            client_id="caretrail",
            request_timeout_ms=int(ANSWER * 1000),
            reconnect_backoff_max_ms=1000,
        )


def consumer(brokers: Brokers, **config: Any) -> Any:  # the client has no types
    """Return a consumer that never commits and never chooses an offset; the caller closes it.

    Raises:
        TopicUnavailable: No broker answers.
    """
    require_fast_checksums()
    wait_for_port(brokers)
    with failing_as_unavailable():
        return KafkaConsumer(
            **brokers.client(),
            bootstrap_timeout_ms=int(ANSWER * 1000),
            client_id="caretrail",
            auto_offset_reset="none",
            enable_auto_commit=False,
            allow_auto_create_topics=False,
            request_timeout_ms=int(ANSWER * 1000),
            reconnect_backoff_max_ms=1000,
            metadata_max_age_ms=30_000,
            metrics_enabled=False,
            max_partition_fetch_bytes=4 << 20,
            **config,
        )


def producer(brokers: Brokers) -> Any:  # the client has no types
    """Return an idempotent producer; the caller closes it.

    Raises:
        TopicUnavailable: No broker answers.
    """
    require_fast_checksums()
    wait_for_port(brokers)
    with failing_as_unavailable():
        return KafkaProducer(
            **brokers.client(),
            bootstrap_timeout_ms=int(ANSWER * 1000),
            client_id="caretrail",
            enable_idempotence=True,
            acks="all",
            linger_ms=20,
            batch_size=262_144,
            max_request_size=LARGEST_VALUE + (1 << 20),
            delivery_timeout_ms=int(DELIVERY * 1000),
            max_block_ms=int(ANSWER * 1000),
            reconnect_backoff_max_ms=1000,
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )


def throw_away(producer: Any) -> None:  # the client has no types
    """Close a producer, also one whose batch is stuck."""
    with suppress(KafkaError):
        producer.close(timeout=CLOSE)
    # If a batch is stuck, ``close`` gives up and leaves the sender's thread running. Stop it here.
    producer._sender.force_close()  # noqa: SLF001 - no public way
    producer._sender.join(CLOSE)  # noqa: SLF001 - the thread closes its connections when it ends
