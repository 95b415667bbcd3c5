from tests.region import told

__all__ = ["told"]
