"""The list of the kinds of own streams that the timeline shows."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from caretrail.reading.attributions import ATTRIBUTIONS
from caretrail.reading.care_plans import CARE_PLANS
from caretrail.reading.care_teams import CARE_TEAMS
from caretrail.reading.medications import MEDICATIONS
from caretrail.reading.own_stream import OwnStream
from caretrail.reading.protocols import PROTOCOLS
from caretrail.reading.referrals import REFERRALS
from caretrail.reading.transition_entries import TRANSITION_STREAMS
from caretrail.reading.work_entries import WORK_STREAMS

#: By kind. Each kind has its own states and events, so their types differ.
OWN_STREAMS: Final[Mapping[str, OwnStream[Any, Any]]] = MappingProxyType(
    {
        each.kind: each
        for each in (
            # by kind
            ATTRIBUTIONS,
            CARE_PLANS,
            CARE_TEAMS,
            MEDICATIONS,
            PROTOCOLS,
            REFERRALS,
            TRANSITION_STREAMS,
            WORK_STREAMS,
        )
    }
)
