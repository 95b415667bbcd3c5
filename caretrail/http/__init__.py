"""The pages over HTTP, on loopback: routes, checks of what is asked, headers."""

from caretrail.http.app import create_app

__all__ = ["create_app"]
