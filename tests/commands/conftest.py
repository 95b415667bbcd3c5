from tests.stores import store, store_and_keys

__all__ = ["store", "store_and_keys"]
