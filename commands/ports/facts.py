"""The port to what the read models know about a person, for commands that need it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.decider import StreamEvent
from domain.events import OwnEvent
from domain.ids import EncounterId, Mode, PatientId, RecordId, StatementRef, StreamId
from domain.statement import EncounterClass
from domain.transition.stream import ActedOn
from domain.work import ItemId, WorkItem


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEncounter:
    """An encounter as the read models have it now."""

    encounter_id: EncounterId
    patient_id: PatientId
    record: RecordId
    mode: Mode
    facility: str
    class_code: EncounterClass
    start: datetime | None
    end: datetime | None
    end_inferred: bool
    cancelled: bool
    disposition_code: str


class Facts(Protocol):
    """What is known about a person now. It may lag behind the store by some events.

    Every method raises ``StoreUnavailable`` if the database does not answer.
    """

    def together(
        self, records: Collection[RecordId], *, beginning: Collection[RecordId]
    ) -> "Facts":
        """Return the same facts for a batch of commands, which are read for all of them at once.

        They may be read when the first command of the batch asks.

        Args:
            records: The source records that the commands of the batch are about.
            beginning: Those of the commands that begin a stream, which ask for other streams.
        """
        del records, beginning
        return self

    def died_at(self, records: Collection[RecordId]) -> Mapping[RecordId, datetime]:
        """Return when the persons of source records died, by record.

        A record is left out if no death of its person is known.
        """
        ...

    def born_at(self, records: Collection[RecordId]) -> Mapping[RecordId, datetime]:
        """Return the earliest instant at which the persons of source records may have been born.

        A date of birth has no zone, so it is the instant at which the date began anywhere. A record
        is left out if no date of birth of its person is known.
        """
        ...

    def encounter(self, ref: StatementRef) -> KnownEncounter | None:
        """Return the encounter that contains a statement; None if no encounter does."""
        ...

    def transition(self, ref: StatementRef) -> ActedOn | None:
        """Return what people act on after the discharge from the encounter of a statement.

        None: no discharge holds, or its encounter is of a class that gives no transition.
        """
        ...

    def streams(
        self, record: RecordId, kind: str
    ) -> Mapping[StreamId, Sequence[StreamEvent[OwnEvent]]]:
        """Return the streams of one kind about the person of a source record."""
        ...

    def referrals_with_reason(
        self, record: RecordId, reason_category: str
    ) -> Mapping[StreamId, Sequence[StreamEvent[OwnEvent]]]:
        """Return the referrals of a person whose request states a category of reason.

        It may return other referrals of the person too.
        """
        del reason_category
        return self.streams(record, "referral")

    def installation(self, kind: str) -> Mapping[StreamId, Sequence[StreamEvent[OwnEvent]]]:
        """Return the streams of one kind that name no person, such as protocols."""
        ...

    def work_item(self, item: ItemId) -> WorkItem | None:
        """Return an open item of the work list; None if there is none.

        The id may name the encounter of a transition by any of its statements.
        """
        ...
