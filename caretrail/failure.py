"""Expected failures of the command line and of the service. Their texts are for the user."""


class Failed(Exception):
    """The verb cannot do what was asked. The text says what is wrong and what to do."""


class AlreadyRunning(Exception):
    """A service of this home already runs the same roles. It was not touched."""


class RoleFailed(Exception):
    """A role did not become ready. Its log says why."""
