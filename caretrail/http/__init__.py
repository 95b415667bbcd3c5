"""Serve the pages over HTTP: routes, parsing of instants, headers."""

from caretrail.http.app import create_app

__all__ = ["create_app"]
