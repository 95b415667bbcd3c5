"""Partitions are those of Kafka's own clients."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2 as murmur2_of_kafka

from domain.partitions import PARTITIONS, murmur2, partition_of


@given(st.binary(max_size=64))
def test_the_hash_is_the_one_that_kafka_computes(data: bytes) -> None:
    assert murmur2(data) == murmur2_of_kafka(data)


@given(st.uuids())
def test_a_stream_is_in_the_partition_that_kafka_gives_its_key(stream: UUID) -> None:
    expected = (murmur2_of_kafka(str(stream).encode()) & 0x7FFFFFFF) % PARTITIONS
    assert partition_of(str(stream)) == expected
