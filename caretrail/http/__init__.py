"""Serve the pages over HTTP: routes, parsing of instants, headers."""

from caretrail.http.app import OwnActivities, create_app

__all__ = ["OwnActivities", "create_app"]
