"""Errors that every port of the event store may raise."""


class StoreUnavailable(Exception):
    """The store did not answer. The outcome of the request is unknown until it is read back."""


class RightMissing(StoreUnavailable):
    """The database does not let caretrail do this. Nothing was recorded.

    It is a store that cannot be used until an operator grants the right. Senders keep their
    messages meanwhile, and callers repeat their commands.
    """


class CannotStore(Exception):
    """The store refuses a batch because of its content: one message of the batch is the cause."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)
