"""The answer to an address that names nothing."""


class NotFound(Exception):
    """The thing that an address names does not exist, or was not known at the time asked for."""

    def __init__(self, title: str, text: str) -> None:
        self.title = title
        self.text = text
        super().__init__(title)
