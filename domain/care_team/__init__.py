"""The care team: who takes care of a person, in which role, and who coordinates.

A person has one care team for each source record. After a merge, the teams of the person are folded
together: see ``domain.combined_streams``.

Every scope has at most one coordinator at any instant. An assignment ends the earlier one at that
instant. A coordinator hands over to another member. The handover is open until the other member
accepts or refuses it, or the coordinator withdraws it.

``events`` has the facts, ``team`` the state, ``steps`` what each fact leads to and which facts a
state allows, and ``rules`` what a command may record.
"""

from domain.care_team.steps import CARE_TEAM, KIND

__all__ = ["CARE_TEAM", "KIND"]
