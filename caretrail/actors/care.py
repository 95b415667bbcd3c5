"""Say which patients are in the care of a user.

A patient is of the *team* of a user if the care team has the user, or an organisation that the user
acts for, as a member. A patient is on the *panel* of a user if a member of one of these
organisations is in the care team, if the patient is attributed to the user or to one of them, or if
one of them discharged the patient, or owes the steps after the discharge, and the transition is
open.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from psycopg import Connection

from caretrail.actors.user import User
from commands.authority import Care
from domain.ids import PatientId
from projections import attribution, care_team_member, transition


class CareLookup:
    """Reads from the read models which patients are in the care of a user. Threads may share it."""

    def __init__(
        self,
        lend: Callable[[], AbstractContextManager[Connection[Any]]],
        *,
        now: Callable[[], datetime],
    ) -> None:
        """Take the means to read.

        Args:
            lend: Lends a connection.
            now: Returns the present, in UTC.
        """
        self._lend = lend
        self._now = now

    def __call__(self, user: User, patients: Sequence[PatientId]) -> Mapping[PatientId, Care]:
        """Return how the patients are in the care of the user now; others are left out."""
        if not patients:
            return {}
        at, organisations = self._now(), sorted(user.authority.organisations)
        with self._lend() as connection:
            found: dict[PatientId, Care] = dict.fromkeys(
                attribution.attributed_to(
                    connection,
                    patients,
                    practitioner=user.subject,
                    organisations=organisations,
                    at=at,
                ),
                "panel",
            )
            found |= dict.fromkeys(
                transition.open_at(connection, patients, organisations=organisations, at=at),
                "panel",
            )
            for patient, is_member in care_team_member.cared_for(
                connection, patients, member=user.subject, organisations=organisations, at=at
            ):
                found[patient] = "team" if is_member else "panel"
        return found
