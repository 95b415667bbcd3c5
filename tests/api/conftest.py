from tests.api_region import api

__all__ = ["api"]
