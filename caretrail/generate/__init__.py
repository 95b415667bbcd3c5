"""Generate the ADT messages of synthetic hospitals, together with the truth behind them.

``generate`` draws a world from a seed, and ``demo_week`` draws the world of the demo. ``write``
writes the messages of a world to files. No clock is read: the same seed gives the same bytes.
"""

from caretrail.demo_patients import DemoPatient
from caretrail.generate.demo import DemoWeek, demo_week
from caretrail.generate.profiles import profiles_toml
from caretrail.generate.world import SentMessage, World, generate
from caretrail.generate.write import truth_json, write

__all__ = [
    "DemoPatient",
    "DemoWeek",
    "SentMessage",
    "World",
    "demo_week",
    "generate",
    "profiles_toml",
    "truth_json",
    "write",
]
