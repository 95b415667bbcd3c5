"""``referral ls``: list referrals."""

from argparse import Namespace

from caretrail.cli.output import as_stated, columns, json_lines
from caretrail.cli.own_streams import listed_at
from caretrail.reading.referrals import referral_json
from projections.referral_loop import referrals


def referral_ls(options: Namespace) -> None:
    """List referrals."""
    with listed_at(options) as (past, patient, _):
        found = referrals(
            past.connection,
            relations=past,
            state=options.state,
            patient=patient,
            only_open=options.open,
            requester=options.requester,
            target=options.target,
            limit=options.limit,
        )
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
