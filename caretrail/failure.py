"""Expected failures of the command line and of the service. Their texts are for the user."""

from typing import Final

#: The problem of a role, in its ``/readyz``, that must not go on until a person has acted.
HALTED: Final = "halted"


class Failed(Exception):
    """The verb cannot do what was asked. The text says what is wrong and what to do."""


class AlreadyRunning(Exception):
    """A service of this home already runs the same roles. It was not touched."""


class RoleFailed(Exception):
    """A role did not become ready. Its log says why."""
