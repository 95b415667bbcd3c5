"""Collect what is noticed while one statement is read: flags in clear, and texts to be sealed."""

from domain.flags import MessageFlag


class UnusableMessage(Exception):
    """The message cannot be read into statements; names the field, not its content."""

    def __init__(self, reason: str, place: str) -> None:
        self.reason = reason
        self.place = place
        super().__init__(f"{place}: {reason}")


class Findings:
    """Flags such as ``EVN-6.unreadable``, and the texts that could not be read, by field."""

    def __init__(self, flags: tuple[str, ...] = ()) -> None:
        self.flags = list(flags)
        self.unread: dict[str, str] = {}

    def flag(self, field: str, what: str) -> None:
        """Add the flag ``FIELD.WHAT``, unless it is there already."""
        code = f"{field}.{what}"
        if code not in self.flags:
            self.flags.append(code)

    def flag_message(self, flag: MessageFlag) -> None:
        """Add a flag about the message as a whole, unless it is there already."""
        if flag.value not in self.flags:
            self.flags.append(flag.value)

    def unreadable(self, field: str, text: str, what: str = "unreadable") -> None:
        """Flag a field that cannot be used, and keep its text to be sealed."""
        self.flag(field, what)
        self.unread[field] = text
