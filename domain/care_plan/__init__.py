"""The care plan: concerns, goals and activities of a person, and every revision of them.

    draft -> active <-> held -> completed | revoked

A person has one active plan in each category. A concern, a goal and an activity are parts of the
plan. A part keeps its id through every revision, so that anything can refer to it permanently.

``parts`` has the parts, ``events`` the facts, ``states`` the states, ``steps`` what each fact leads
to and which facts a state allows, ``rules`` what a command may record, and ``comparison`` what
differs between two revisions.
"""

from domain.care_plan.comparison import PartDifference, PlanComparison, compare
from domain.care_plan.steps import CARE_PLAN, KIND

__all__ = ["CARE_PLAN", "KIND", "PartDifference", "PlanComparison", "compare"]
