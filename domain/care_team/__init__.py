"""The care team: who takes care of a person, in which role, and who coordinates.

A person has one care team for each source record. After a merge, the teams of the person are folded
together: see ``domain.combined_streams``.

Every scope has at most one coordinator at any instant. An assignment ends the earlier one at that
instant. A coordinator hands over to another member. The handover is open until the other member
accepts or refuses it, or the coordinator withdraws it.

Another system may report that a member joined or left, or that it answered a handover. A report
counts as the event that our people would record.

``events`` has the facts, ``reports`` what reports count as, ``team`` the state, ``steps`` what each
fact leads to and which facts a state allows, and ``rules`` what a command may record.
"""

from domain.care_team.steps import CARE_TEAM, KIND

__all__ = ["CARE_TEAM", "KIND"]
