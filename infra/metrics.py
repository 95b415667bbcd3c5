"""Metrics for Prometheus. Labels hold our own names and those of profiles, never patient data."""

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
    "Messages received, by disposition.",
    ["disposition"],
    registry=REGISTRY,
)
INGEST_SECONDS: Final = Histogram(
    "caretrail_ingest_seconds",
    "Seconds from the start of recording a batch of messages to its acknowledgements.",
    registry=REGISTRY,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
BATCH_MESSAGES: Final = Histogram(
    "caretrail_ingest_batch_messages",
    "Messages recorded in one commit.",
    registry=REGISTRY,
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
)
CONNECTIONS: Final = Gauge(
    "caretrail_mllp_connections", "Open connections of the MLLP listener.", registry=REGISTRY
)
MESSAGE_AGE: Final = Gauge(
    "caretrail_message_age_seconds",
    "Seconds since the last message of a profile was answered; absent before the first one.",
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
    "caretrail_projection_position",
    "Index up to which every event is in the read models (complete-through).",
    registry=REGISTRY,
)  # fmt: skip
PROJECTION_LAG: Final = Gauge(
    "caretrail_projection_lag_events",
    "Events that are recorded and not yet in the read models.",
    registry=REGISTRY,
)
PROJECTION_LAG_SECONDS: Final = Gauge(
    "caretrail_projection_lag_seconds",
    "Seconds since the newest event of the last batch was recorded; 0 if no event waits.",
    registry=REGISTRY,
)
HEALED: Final = Counter(
    "caretrail_projection_healed_total",
    "Events fetched from the store because the topic did not give them.",
    registry=REGISTRY,
)  # fmt: skip
SKIPPED: Final = Counter(
    "caretrail_projection_skipped_total",
    "Events skipped because they were in the read models already.",
    registry=REGISTRY,
)
REFUSED: Final = Counter(
    "caretrail_refused_records_total",
    "Records of the topic that this installation did not publish, by reason of refusal.",
    ["reason"],
    registry=REGISTRY,
)
QUARANTINED: Final = Gauge(
    "caretrail_quarantined_messages", "Messages in quarantine, by reason.", ["error"],
    registry=REGISTRY,
)  # fmt: skip
QUARANTINE_OLDEST: Final = Gauge(
    "caretrail_quarantine_oldest_seconds",
    "Seconds since the oldest message in quarantine was received; 0 if there is none.",
    registry=REGISTRY,
)
RELAY_OLDEST: Final = Gauge(
    "caretrail_relay_oldest_seconds",
    "Seconds since the oldest event not known to be published was recorded; 0 if there is none.",
    registry=REGISTRY,
)

#: The metrics of each role. A role exports only its own metrics, because a constant 0 for another
#: role's metric would mislead.
OF_ROLE: Final[Mapping[str, tuple[Collector, ...]]] = MappingProxyType(
    {
        "mllp": (
            MESSAGES, DISPOSITIONS, INGEST_SECONDS, BATCH_MESSAGES, CONNECTIONS, MESSAGE_AGE,
        ),
        "relay": (RELAY_POSITION, RELAY_EVENTS),
        "projector": (
            PROJECTION_POSITION, PROJECTION_LAG, PROJECTION_LAG_SECONDS, HEALED, SKIPPED, REFUSED,
        ),
        "http": (QUARANTINED, QUARANTINE_OLDEST, RELAY_OLDEST),
    }
)  # fmt: skip

_answered: Final[dict[str, float]] = {}  # by profile: when its last message was answered


def keep_only(role: str) -> None:
    """Remove the metrics of other roles from the registry of this process, permanently."""
    for name, collectors in OF_ROLE.items():
        for collector in collectors if name != role else ():
            REGISTRY.unregister(collector)


def note_answered(source: str) -> None:
    """Note that a message of this profile was answered just now."""
    new = source not in _answered
    _answered[source] = time.monotonic()
    if new:
        MESSAGE_AGE.labels(source).set_function(partial(_age, source))


def _age(source: str) -> float:
    return time.monotonic() - _answered[source]


def exposition() -> bytes:
    """Return all metrics in the text format of Prometheus."""
    return generate_latest(REGISTRY)
