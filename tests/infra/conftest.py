import pytest

from tests.kafka_samples import owner
from tests.stores import keys, store, store_and_keys

__all__ = ["keys", "owner", "store", "store_and_keys"]


@pytest.fixture
def prefix(topic_prefix: str) -> str:
    """A prefix of topics that no other test uses."""
    return topic_prefix.rstrip(".")
