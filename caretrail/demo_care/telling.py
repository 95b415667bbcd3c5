"""Give the commands of the demo's stories at the right places of its feeds, each once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from caretrail.bootstrap import Application
from caretrail.demo_care.routine import routine_commands
from caretrail.demo_care.steps import OwedItem, StayAt, Step
from caretrail.demo_care.stories import STORIES
from caretrail.demo_patients import DemoPatient
from caretrail.failure import Failed
from caretrail.readers import open_reader
from caretrail.reading.reader import Reader
from commands.decisions import GivenCommand
from domain.statement import Moment
from projections.work_list import ItemFilter, items_of

#: The first part of each idempotency key.
_KEY: Final = "demo"


@dataclass(slots=True)
class CareTelling:
    """Tells the demo's stories day by day.

    A step has the same idempotency key and the same content each time. So a demo that was killed
    tells everything again, and each step is recorded once.
    """

    application: Application
    patients: Sequence[DemoPatient]
    told_until: datetime | None = field(default=None, init=False)

    def tell_until(self, end: datetime) -> None:
        """Record what the stories tell before ``end``.

        The read models must hold the messages until then.

        Raises:
            DomainError: A command was refused.
        """
        with open_reader(self.application) as reader:
            for each in self.patients:
                self._tell_story(reader, each, end)
        self.told_until = end

    def follow_up_others(self) -> None:
        """Record the routine work after the discharges of all other patients.

        The read models must hold all messages and the stories.

        Raises:
            DomainError: A command was refused.
        """
        with open_reader(self.application) as reader:
            named = (reader.resolve(_number(each)) for each in self.patients)
            ours = [patient for patient in named if patient is not None]
            with reader.connection() as connection:
                routine = routine_commands(
                    connection,
                    self.application.id_key,
                    now=self.application.settings.present(),
                    without=ours,
                )
                given = list(routine)
        for found in self.application.decisions.record_all(given):
            if isinstance(found, Exception):
                raise found

    def _tell_story(self, reader: Reader, story: DemoPatient, end: datetime) -> None:
        for each in STORIES[story.title]:
            if each.at < end and (self.told_until is None or each.at >= self.told_until):
                given = self._given(reader, story, each)
                self.application.decisions.record(given.command, given.caller)

    def _given(self, reader: Reader, story: DemoPatient, told: Step) -> GivenCommand:
        shape, ids = told.command, self.application.id_key
        members: dict[str, Any] = {
            name: self._found(reader, story, value) for name, value in told.members.items()
        }
        if "record" in shape.model_fields:
            named = reader.record_named(_number(story))
            if named is None:
                raise Failed(f"the demo has no patient {_number(story)}")
            members["record"], members["mode"] = named
        stream = shape.stream_of(ids, members) if shape.BEGINS else None
        command = shape(
            **members,
            stream=stream or ids.stream(shape.KIND.name, _KEY, story.title),
            happened_at=Moment(at=told.at),
        )
        key = f"{_KEY}: {story.title}: {shape.KIND.name}.{shape.VERB} {told.at.isoformat()}"
        return GivenCommand(command, told.who.caller(key))

    def _found(self, reader: Reader, story: DemoPatient, value: object) -> object:
        """Return what a stand-in stands for."""
        if isinstance(value, StayAt):
            return self._encounter(reader, story, value.facility)
        if isinstance(value, OwedItem):
            return self._item(reader, story, value.duty)
        return value

    def _encounter(self, reader: Reader, story: DemoPatient, facility: str) -> str:
        found = reader.patient(_number(story))
        for each in reversed(found.patient.encounters if found else ()):
            if each.facility == facility:
                return each.encounter_id
        raise Failed(f"the demo knows no stay of {_number(story)} at {facility}")

    def _item(self, reader: Reader, story: DemoPatient, duty: str) -> str:
        patient = reader.resolve(_number(story))
        with reader.connection() as connection:
            items = items_of(
                connection,
                ItemFilter(patient=patient or "", waiting=True),
                at=self.application.settings.present(),
                patients=[patient] if patient else (),
            )
        for each in items:
            if each.duty == duty:
                return each.item_id
        raise Failed(f"the demo owes no {duty} to {_number(story)}")


def _number(story: DemoPatient) -> str:
    return f"{story.authority}|{story.identifier}"
