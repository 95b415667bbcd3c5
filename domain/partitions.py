"""Compute the Kafka partition of a stream, as Kafka's own clients do."""

from functools import lru_cache
from typing import Final

#: Number of partitions of the topic of events. It never changes: another number would move streams
#: to other partitions and break the order of events within a stream.
PARTITIONS: Final = 12

_32_BITS: Final = 0xFFFFFFFF
_MULTIPLIER: Final = 0x5BD1E995
_SEED: Final = 0x9747B28C


def murmur2(data: bytes) -> int:
    """Return the 32-bit hash that Kafka's default partitioner computes for a key.

    MurmurHash2 by Austin Appleby with the seed of Kafka's clients, little endian.
    """
    length = len(data)
    whole = length & ~3
    state = _SEED ^ length
    for at in range(0, whole, 4):
        word = int.from_bytes(data[at : at + 4], "little") * _MULTIPLIER & _32_BITS
        word = (word ^ word >> 24) * _MULTIPLIER & _32_BITS
        state = state * _MULTIPLIER & _32_BITS ^ word
    if whole < length:
        state = (state ^ int.from_bytes(data[whole:], "little")) * _MULTIPLIER & _32_BITS
    state = (state ^ state >> 13) * _MULTIPLIER & _32_BITS
    return state ^ state >> 15


@lru_cache(maxsize=4_096)
def partition_of(stream: str) -> int:
    """Return the partition of a stream id (36 characters), which is the Kafka key.

    >>> partition_of("59f6dc9d-6ab6-8d7a-b008-c97552bcc807")
    2
    """
    return (murmur2(stream.encode()) & 0x7FFFFFFF) % PARTITIONS
