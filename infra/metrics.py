"""What is counted, for Prometheus. Labels hold names of ours and of profiles, never of patients."""

import time
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.registry import Collector

REGISTRY: Final = CollectorRegistry()

MESSAGES: Final = Counter(
    "caretrail_messages_total",
    "Messages answered, by the profile of the sender, the trigger and the acknowledgement.",
    ["source", "trigger", "ack"],
    registry=REGISTRY,
)
DISPOSITIONS: Final = Counter(
    "caretrail_dispositions_total",
    "What became of the messages received.",
    ["disposition"],
    registry=REGISTRY,
)
INGEST_SECONDS: Final = Histogram(
    "caretrail_ingest_seconds",
    "From a batch that was read to its durable acknowledgements.",
    registry=REGISTRY,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
BATCH_MESSAGES: Final = Histogram(
    "caretrail_ingest_batch_messages",
    "Messages that shared a commit.",
    registry=REGISTRY,
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
)
CONNECTIONS: Final = Gauge(
    "caretrail_mllp_connections", "Connections held by the MLLP listener.", registry=REGISTRY
)
MESSAGE_AGE: Final = Gauge(
    "caretrail_message_age_seconds",
    "Since the newest message of a profile was answered; none before its first.",
    ["source"],
    registry=REGISTRY,
)
RELAY_POSITION: Final = Gauge(
    "caretrail_relay_position", "Index of the last event known to be published.", registry=REGISTRY
)
RELAY_EVENTS: Final = Counter(
    "caretrail_relay_events_total", "Events published.", registry=REGISTRY
)
PROJECTION_POSITION: Final = Gauge(
    "caretrail_projection_position", "Complete-through: every event up to it is applied.",
    registry=REGISTRY,
)  # fmt: skip
PROJECTION_LAG: Final = Gauge(
    "caretrail_projection_lag_events", "Events recorded and not yet applied.", registry=REGISTRY
)
PROJECTION_LAG_SECONDS: Final = Gauge(
    "caretrail_projection_lag_seconds",
    "Since the newest event of the last batch was recorded; 0 when nothing waits.",
    registry=REGISTRY,
)
HEALED: Final = Counter(
    "caretrail_projection_healed_total", "Events fetched from the store to fill a hole.",
    registry=REGISTRY,
)  # fmt: skip
SKIPPED: Final = Counter(
    "caretrail_projection_skipped_total", "Events that had been applied before.", registry=REGISTRY
)
QUARANTINED: Final = Gauge(
    "caretrail_quarantined_messages", "Messages that wait to be mended, by reason.", ["error"],
    registry=REGISTRY,
)  # fmt: skip
QUARANTINE_OLDEST: Final = Gauge(
    "caretrail_quarantine_oldest_seconds",
    "Since the oldest message that waits to be mended was received; 0 when none waits.",
    registry=REGISTRY,
)
RELAY_OLDEST: Final = Gauge(
    "caretrail_relay_oldest_seconds",
    "Since the oldest event that is not known to be published was recorded; 0 when none waits.",
    registry=REGISTRY,
)

#: Which role says what. Each shows its own alone: a nought of somebody else would mislead.
OF_ROLE: Final[Mapping[str, tuple[Collector, ...]]] = MappingProxyType(
    {
        "mllp": (
            MESSAGES, DISPOSITIONS, INGEST_SECONDS, BATCH_MESSAGES, CONNECTIONS, MESSAGE_AGE,
        ),
        "relay": (RELAY_POSITION, RELAY_EVENTS),
        "projector": (
            PROJECTION_POSITION, PROJECTION_LAG, PROJECTION_LAG_SECONDS, HEALED, SKIPPED,
        ),
        "http": (QUARANTINED, QUARANTINE_OLDEST, RELAY_OLDEST),
    }
)  # fmt: skip

_heard: Final[dict[str, float]] = {}


def keep(role: str) -> None:
    """Leave out what this process never counts, for good."""
    for name, collectors in OF_ROLE.items():
        for collector in collectors if name != role else ():
            REGISTRY.unregister(collector)


def heard(source: str) -> None:
    """Note that a message of this profile was answered just now."""
    new = source not in _heard
    _heard[source] = time.monotonic()
    if new:
        MESSAGE_AGE.labels(source).set_function(partial(_age, source))


def _age(source: str) -> float:
    return time.monotonic() - _heard[source]


def exposition() -> bytes:
    """Return all of it in the text format of Prometheus."""
    return generate_latest(REGISTRY)
