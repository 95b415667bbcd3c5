"""Lists of own streams: what they can be asked, and their rows for all patients."""

from collections.abc import Callable, Mapping
from typing import Annotated, Final

from pydantic import Field
from typing_extensions import override

from caretrail.api.collections import Collection
from caretrail.api.reading import AskedPage
from caretrail.reading.care_plans import plan_json
from caretrail.reading.members import Json
from caretrail.reading.past_rows import PastRows
from caretrail.reading.referrals import referral_json
from domain.events import UUID_TEXT, OptionalCode
from projections.care_plan import care_plans
from projections.referral_loop import referrals


class AskedStreams(AskedPage):
    """A page of own streams of one kind."""

    patient: Annotated[
        str | None, Field(pattern=UUID_TEXT, description="only those of this patient: a patient id")
    ] = None
    state: Annotated[
        str | None,
        Field(pattern=r"^[a-z_]{1,40}$", description="only those in this state"),
    ] = None

    def fits(self, members: Json) -> bool:
        """Say whether a stream with these members is asked for."""
        return self.state in {None, members.get("state")}


class AskedReferrals(AskedStreams):
    """A page of referrals."""

    open: Annotated[bool, Field(description="only referrals that have not ended")] = False
    requester: Annotated[
        OptionalCode, Field(description="only referrals of this organisation; empty: all")
    ] = ""
    target: Annotated[
        OptionalCode, Field(description="only referrals to this organisation or pool; empty: all")
    ] = ""

    @override
    def fits(self, members: Json) -> bool:
        target = members["target"]
        return (
            super().fits(members)
            and (members["open"] or not self.open)
            and self.requester in {"", members["requester"]["organisation"]}
            and self.target in {"", target["organisation"], target["pool"]}
        )


#: What a list of the streams of a kind can be asked, if it can be asked more.
ASKED: Final[Mapping[str, type[AskedStreams]]] = {"referral": AskedReferrals}


def asked_of(collection: Collection) -> type[AskedStreams]:
    """Return what a list of the streams of a kind can be asked."""
    return ASKED.get(collection.kind, AskedStreams)


def _referrals(then: PastRows, asked: AskedStreams, limit: int) -> list[Json]:
    more = asked if isinstance(asked, AskedReferrals) else AskedReferrals()
    rows = referrals(
        then.connection,
        relations=then,
        state=asked.state,
        only_open=more.open,
        requester=more.requester or None,
        target=more.target or None,
        limit=limit,
    )
    return [referral_json(each) for each in rows]


def _plans(then: PastRows, asked: AskedStreams, limit: int) -> list[Json]:
    rows = care_plans(then.connection, relations=then, state=asked.state, limit=limit)
    return [plan_json(each) for each in rows]


#: Lists of the streams of all patients, by kind: the rows from the first one on. Other kinds are
#: listed by patient.
LISTS: Final[Mapping[str, Callable[[PastRows, AskedStreams, int], list[Json]]]] = {
    "care_plan": _plans,
    "referral": _referrals,
}
