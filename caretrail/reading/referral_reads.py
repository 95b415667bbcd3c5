"""Read one referral with its entries."""

from caretrail.reading.activities import ActivityEntry, stream_entries
from caretrail.reading.patient_index import Database
from domain.ids import StreamId
from projections import referral_loop
from projections.engine.own_events import own_of
from projections.referral_loop import ReferralRow


def referral_with_entries(
    connection: Database, stream: StreamId
) -> tuple[ReferralRow, tuple[ActivityEntry, ...]] | None:
    """Return a referral with its entries; None if there is no such referral."""
    found = referral_loop.referrals(connection, stream=stream)
    if not found:
        return None
    (row,) = found
    encounters = {row.anchor_ref: row.encounter_id} if row.anchor_ref and row.encounter_id else {}
    return row, stream_entries(own_of(connection, [row.record_id]), stream, encounters)
