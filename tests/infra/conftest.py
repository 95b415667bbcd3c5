import pytest

from tests.kafka_samples import owner

__all__ = ["owner"]


@pytest.fixture
def prefix(topic_prefix: str) -> str:
    """A prefix of topics that no other test uses."""
    return topic_prefix.rstrip(".")
