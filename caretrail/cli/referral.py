"""``referral``: give commands on referrals, and show referrals."""

from argparse import Namespace

from caretrail.cli.home import open_home_reader
from caretrail.cli.output import as_stated, columns, json_line, json_lines, line
from caretrail.cli.own_streams import (
    NO_PATIENT,
)
from caretrail.cli.patients import shared_number_listed
from caretrail.failure import Failed
from caretrail.reading.contract import activity_json
from caretrail.reading.referral_reads import referral_with_entries
from caretrail.reading.referrals import referral_json
from domain.errors import UnknownStream
from domain.ids import StreamId
from projections.referral_loop import referrals


def referral_show(options: Namespace) -> None:
    """Show one referral and its entries."""
    with open_home_reader() as reader, reader.connection() as connection:
        found = referral_with_entries(connection, StreamId(options.stream))
    if found is None:
        raise UnknownStream(StreamId(options.stream))
    row, entries = found
    shown = {**referral_json(row), "entries": [activity_json(each) for each in entries]}
    if options.json:
        json_line(shown)
        return
    line(f"referral {shown['stream_id']}, version {shown['version']}: {shown['state']}")
    line(f"patient {shown['patient_id']}")
    line()
    columns(
        ("happened", "recorded", "what", "event", ""),
        [
            (
                as_stated(each["happened_at"], each["precision"]),
                as_stated(each["recorded_at"]),
                each["summary"],
                each["event_id"],
                "entered in error" if each["voided"] else "",
            )
            for each in shown["entries"]
        ],
    )


def referral_ls(options: Namespace) -> None:
    """List referrals."""
    with open_home_reader() as reader:
        patient = None
        if options.patient:
            with shared_number_listed(as_json=options.json):
                patient = reader.resolve(options.patient)
            if patient is None:
                raise Failed(NO_PATIENT)
        with reader.connection() as connection:
            found = referrals(connection, state=options.state, patient=patient, limit=options.limit)
    shown = [referral_json(each) for each in found]
    if options.json:
        json_lines(shown)
        return
    columns(
        ("referral", "state", "requested", "from", "to", "for", "urgency", "patient"),
        [
            (
                each["stream_id"],
                each["state"],
                as_stated(each["requested_at"], each["requested_precision"]),
                each["requester"]["organisation"],
                each["target"]["organisation"] or each["target"]["pool"],
                each["service"] or each["specialty"],
                each["urgency"],
                each["patient_id"],
            )
            for each in shown
        ],
    )
