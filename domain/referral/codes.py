"""The codes in the facts about a referral."""

from typing import Literal, TypeAlias

#: HL7 request priority, from the most to the least urgent.
Urgency: TypeAlias = Literal["stat", "urgent", "asap", "routine"]
Category: TypeAlias = Literal["clinical", "social", "diagnostic", "post_acute"]
#: How a referral or a document travelled.
SendingChannel: TypeAlias = Literal["electronic", "portal", "fax", "phone", "mail", "handed_over"]
#: How the outcome reached the requester.
Channel: TypeAlias = Literal["sent", "found", "fax", "told"]
NeedMet: TypeAlias = Literal["yes", "partly", "no", "unknown"]
#: One of the sides of a referral.
Side: TypeAlias = Literal["requester", "target", "patient"]
DeclineReason: TypeAlias = Literal[
    "not_appropriate",
    "no_capacity",
    "insufficient_information",
    "out_of_network",
    "not_eligible",
    "other",
]
PatientReason: TypeAlias = Literal[
    "not_interested", "cost", "transport", "got_help_elsewhere", "other"
]
MissReason: TypeAlias = Literal[
    "forgot", "transport", "cost", "ill", "admitted", "not_informed", "other", "unknown"
]
Reached: TypeAlias = Literal["yes", "no", "unknown"]
ContactMeans: TypeAlias = Literal["telephone", "message", "letter", "portal", "visit"]
ContactResult: TypeAlias = Literal[
    "reached", "no_answer", "left_message", "wrong_number", "refused"
]
HoldReason: TypeAlias = Literal["needs_patient", "waiting_list", "other"]
Recommendation: TypeAlias = Literal[
    "none", "follow_up", "procedure", "co_management", "assume_care"
]
CancelReason: TypeAlias = Literal[
    "no_longer_needed", "duplicate", "patient_wish", "got_help_elsewhere", "deceased", "other"
]
ReopenReason: TypeAlias = Literal["ended_by_mistake", "needed_again", "patient_wish", "other"]
#: Where another system says that a referral is.
Claim: TypeAlias = Literal[
    "received",
    "returned_for_information",
    "accepted",
    "declined",
    "redirected",
    "patient_declined",
    "scheduled",
    "missed",
    "appointment_cancelled",
    "held",
    "seen",
    "outcome_sent",
    "cancellation_requested",
    "cancelled",
    "expired",
]
