"""Decide what a failure of the fold means: try again, split the batch, or halt."""

import psycopg

from consumers.projector import Meaning, meaning_of
from projections.engine import generations, position
from projections.engine.failures import ServiceUnavailable, is_of_content


def failure_meaning(error: Exception) -> Meaning:
    """Return what a failure of the fold means for the loop of the projector."""
    match error:
        case ServiceUnavailable():
            return Meaning.RETRY
        case psycopg.OperationalError() | psycopg.InterfaceError() if not is_of_content(error):
            return Meaning.RETRY
        case position.PositionMoved():
            return Meaning.RESEEK
        case (
            position.OtherIncarnation() | position.PositionsDisagree() | generations.NeedsRebuild()
        ):
            return Meaning.HALT
        case position.HoleNotFilled():
            return Meaning.RETRY
        case _:
            return meaning_of(error)
