"""The tables of referrals: where each one is, its events, and the time between its milestones."""

from typing import Final

from projections.engine.columns import ARRIVAL, COMPONENT, FLAGS, MODE, PATIENT
from projections.engine.table import Column, Table

_STREAM: Final = Column("stream_id", "text", "The referral: id of its stream.", required=True)
_RECORD: Final = Column(
    "record_id", "text", "Source record that the referral names.", required=True
)

REFERRALS: Final = Table(
    "referral",
    "One row per referral: who asks which target for what, how far it is, and when.",
    (
        _STREAM,
        PATIENT,
        _RECORD,
        MODE,
        Column(
            "state",
            "text",
            "requested, received, returned_for_information, information_sent, accepted, scheduled,"
            " missed, appointment_cancelled, seen, outcome_sent, outcome_received,"
            " cancellation_requested, held, declined, patient_declined, redirected, cancelled,"
            " closed; entered_in_error: the request is void.",
            required=True,
        ),
        Column("step", "text", "State that a referral on hold goes back to.", required=True),
        Column(
            "is_open",
            "boolean",
            "Not declined, redirected, cancelled, closed or entered in error.",
            required=True,
        ),
        Column("version", "bigint", "Number of its events.", required=True),
        Column("requester_organisation", "text", "Who asks: code.", required=True),
        Column("requester_person", "text", "Code; empty: not stated.", required=True),
        Column("target_organisation", "text", "Who is asked; empty: a pool.", required=True),
        Column("target_person", "text", "Code; empty: not stated.", required=True),
        Column("target_pool", "text", "Code; empty: not a pool.", required=True),
        Column("service", "text", "Code; empty: not stated, or sealed.", required=True),
        Column("specialty", "text", "Code; empty: not stated, or sealed.", required=True),
        Column("urgency", "text", "stat, urgent, asap or routine.", required=True),
        Column("category", "text", "clinical, social, diagnostic, post_acute.", required=True),
        Column("needed_by", "text", "Day by which the patient should be seen; null: not stated."),
        Column(
            "expires_at",
            "timestamptz",
            "From when on it is expired, as a mark; null: the protocol has no limit.",
        ),
        Column("care_plan_id", "text", "Care plan that the request names; null: none."),
        Column("goal", "text", "Goal of this plan; empty: none.", required=True),
        Column("activity", "text", "Activity of this plan; empty: none.", required=True),
        Column("requested_at", "timestamptz", "When it was requested.", required=True),
        Column("sent_at", "timestamptz", "When it was sent first; null: not recorded."),
        Column("received_at", "timestamptz", "When the target had it; null: not recorded."),
        Column("accepted_at", "timestamptz", "When the target accepted; null: not yet."),
        Column(
            "complete_at",
            "timestamptz",
            "When it was accepted, nothing was missing and the payer agreed; null: not yet.",
        ),
        Column("appointment_made_at", "timestamptz", "When the first one was made; null: none."),
        Column("appointment_starts_at", "timestamptz", "When the visit begins; null: not known."),
        Column("seen_at", "timestamptz", "When the patient was seen first; null: not yet."),
        Column("missed", "integer", "Number of visits that the patient missed.", required=True),
        Column("outcome_at", "timestamptz", "When the outcome was received or sent; null: not."),
        Column("ended_at", "timestamptz", "When it was closed or ended otherwise; null: not."),
        Column("told_on", "text", "Day on which the patient was told the plan; null: not yet."),
        Column("need_met", "text", "yes, partly, no or unknown; null: not closed."),
        Column("redirected_to", "text", "Referral that takes its place; null: not redirected."),
        Column("duplicate_of", "text[]", "Referrals that it is a duplicate of.", required=True),
        Column(
            "likely_duplicates",
            "text[]",
            "Referrals of the person for the same that were not compared with it yet.",
            required=True,
        ),
        Column("anchor_ref", "text", "Statement that the request names; null: none."),
        Column(
            "encounter_id",
            "text",
            "Encounter that holds this statement now, care.encounter; null: none does.",
        ),
        Column(
            "transition_encounter_id",
            "text",
            "Encounter whose discharge needs the referral; null: none is named or known.",
        ),
        FLAGS,
        *ARRIVAL,
        COMPONENT,
    ),
    key=("stream_id",),
    indexes=(
        ("component",),
        ("patient_id",),
        ("is_open", "target_organisation"),
        ("is_open", "requester_organisation"),
    ),
)

REFERRAL_EVENTS: Final = Table(
    "referral_event",
    "One row per event of a referral: what was recorded, by which actor, and whether it counts.",
    (
        _STREAM,
        Column("version", "bigint", "Its place in the stream, from 1.", required=True),
        Column("event_id", "text", "Id of the event.", "arrival", True),
        PATIENT,
        _RECORD,
        MODE,
        Column("kind", "text", "Step, such as accepted; reported: as a claim.", required=True),
        Column("claim", "text", "State that another system claims; null: no report."),
        Column("happened_at", "timestamptz", "When it happened.", required=True),
        Column(
            "happened_precision",
            "text",
            "How precisely that is stated: year, month, day, hour, minute or second.",
            required=True,
        ),
        Column("recorded_at", "timestamptz", "When it was recorded.", "arrival", True),
        Column("state_after", "text", "State after it; null: it does not count."),
        Column("is_void", "boolean", "It was entered in error.", required=True),
        Column("actor_issuer", "text", "Who identified the person who recorded it.", "arrival"),
        Column("actor_subject", "text", "The person who recorded it.", "arrival"),
        Column("actor_role", "text", "In which role.", "arrival"),
        Column("actor_purpose", "text", "For which purpose of use.", "arrival"),
        FLAGS,
        Column("source_position", "bigint", "Index of the event in the log.", "arrival", True),
        COMPONENT,
    ),
    key=("stream_id", "version"),
    indexes=(("component",), ("patient_id",)),
)

REFERRAL_INTERVALS: Final = Table(
    "referral_interval",
    "One row per referral and interval: the time from one milestone to the next. The first five"
    " intervals are those of 38 USC 1703G.",
    (
        _STREAM,
        Column("number", "integer", "Place of the milestone, from 1.", required=True),
        Column(
            "milestone",
            "text",
            "Milestone that ends it: sent, accepted, complete, appointment_made, appointment_held,"
            " outcome or acknowledged.",
            required=True,
        ),
        Column("since", "text", "Milestone that begins it.", required=True),
        PATIENT,
        MODE,
        Column("began_at", "timestamptz", "When it began.", required=True),
        Column("ended_at", "timestamptz", "When it ended; null: it goes on."),
        Column("seconds", "bigint", "Its length; null: it goes on."),
        COMPONENT,
    ),
    key=("stream_id", "number"),
    indexes=(("component",), ("patient_id",)),
)
