"""The protocol that a new store begins with."""

from importlib.resources import files


def default_protocol() -> str:
    """Return the text of the default protocol of this release."""
    return files("caretrail").joinpath("default_protocol.toml").read_text("utf-8")
