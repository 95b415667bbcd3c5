from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kafka_samples import Published, published


@pytest.fixture
def prefix(topic_prefix: str) -> str:
    """A prefix of topics that no other test uses."""
    return topic_prefix.rstrip(".")


@pytest.fixture
def owner(database: str, tmp_path: Path, kafka: str, topic_prefix: str) -> Iterator[Published]:
    """A store and the topic that it publishes to."""
    with published(database, tmp_path, kafka, topic_prefix) as made:
        yield made
