"""Every fact about a referral."""

from typing import TypeAlias

from domain.referral.ending import (
    ReferralCancellationRequested,
    ReferralCancelled,
    ReferralClosed,
    ReferralDuplicateCleared,
    ReferralDuplicateMarked,
    ReferralEnteredInError,
    ReferralReopened,
    ReferralReported,
)
from domain.referral.requesting import (
    ReferralAccepted,
    ReferralAuthorisationRefused,
    ReferralAuthorised,
    ReferralDeclined,
    ReferralInformationSent,
    ReferralPatientDeclined,
    ReferralReceived,
    ReferralRedirected,
    ReferralRequested,
    ReferralReturnedForInformation,
    ReferralSent,
)
from domain.referral.visiting import (
    ReferralAppointmentCancelled,
    ReferralContactAttempted,
    ReferralHeld,
    ReferralInterimNoteSent,
    ReferralMissed,
    ReferralOutcomeReceived,
    ReferralOutcomeSent,
    ReferralRescheduled,
    ReferralResumed,
    ReferralScheduled,
    ReferralSeen,
)

ReferralEvent: TypeAlias = (
    ReferralRequested
    | ReferralSent
    | ReferralReceived
    | ReferralReturnedForInformation
    | ReferralInformationSent
    | ReferralAccepted
    | ReferralDeclined
    | ReferralRedirected
    | ReferralPatientDeclined
    | ReferralAuthorised
    | ReferralAuthorisationRefused
    | ReferralScheduled
    | ReferralRescheduled
    | ReferralAppointmentCancelled
    | ReferralMissed
    | ReferralContactAttempted
    | ReferralHeld
    | ReferralResumed
    | ReferralSeen
    | ReferralInterimNoteSent
    | ReferralOutcomeSent
    | ReferralOutcomeReceived
    | ReferralClosed
    | ReferralCancellationRequested
    | ReferralCancelled
    | ReferralReopened
    | ReferralDuplicateMarked
    | ReferralDuplicateCleared
    | ReferralReported
    | ReferralEnteredInError
)
