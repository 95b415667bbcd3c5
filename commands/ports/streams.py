"""Streams of own events: appended at the version that the decision was made on."""

from domain.ids import RecordId


class StreamConflict(Exception):
    """Another writer appended to the stream since it was read: read it again and decide again."""

    def __init__(self, stream: RecordId, expected_version: int) -> None:
        self.stream = stream
        self.expected_version = expected_version
        super().__init__(f"stream {stream} is not at version {expected_version}")
