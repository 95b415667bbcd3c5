"""Name the topics of an installation, without a client of Kafka."""


def events_topic(prefix: str = "care", generation: int = 1) -> str:
    """Return the name of the topic of events: ``care.events.v1``, later ``care.events.v1.g2``."""
    return f"{prefix}.events.v1" + (f".g{generation}" if generation > 1 else "")
