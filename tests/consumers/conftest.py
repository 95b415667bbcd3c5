from tests.kafka_samples import owner
from tests.stores import keys, store, store_and_keys

__all__ = ["keys", "owner", "store", "store_and_keys"]
