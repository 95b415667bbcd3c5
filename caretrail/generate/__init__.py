"""Synthetic hospitals that know the truth they tell: seeded, without a clock.

``generate`` draws a world, ``demo_week`` the one of the demo; ``write`` makes files of either.
"""

from caretrail.generate.demo import DemoWeek, demo_week
from caretrail.generate.profiles import profiles_toml
from caretrail.generate.world import Sent, World, generate
from caretrail.generate.worth_seeing import Interesting
from caretrail.generate.write import truth_json, write

__all__ = [
    "DemoWeek",
    "Interesting",
    "Sent",
    "World",
    "demo_week",
    "generate",
    "profiles_toml",
    "truth_json",
    "write",
]
