from tests.kafka_samples import owner

__all__ = ["owner"]
