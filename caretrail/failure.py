"""The ways in which a verb of the command line says no."""


class Failed(Exception):
    """The verb cannot do what was asked. The text is for the person who asked: what, and how on."""


class AlreadyRunning(Exception):
    """A service of this home runs the same roles already; nothing of it was touched."""


class RoleFailed(Exception):
    """A role did not become ready; its log, above, says why."""
