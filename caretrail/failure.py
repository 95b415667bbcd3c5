"""The way in which a verb of the command line says no."""


class Failed(Exception):
    """The verb cannot do what was asked. The text is for the person who asked: what, and how on."""
