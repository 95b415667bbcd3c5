"""Serve the API of own activities and of the read models, under ``/api/v1``."""

from caretrail.api.app import ApiServices, create_api

__all__ = ["ApiServices", "create_api"]
