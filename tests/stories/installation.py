"""An installation that stories are told to: real PostgreSQL, the application opened over it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from caretrail.bootstrap import Application, opened
from caretrail.intake import reading_context
from caretrail.readers import open_reader
from caretrail.reading.reader import Reader
from commands.ports.intake import MessageOutcome
from consumers.hl7v2.translate import read
from infra.settings import Settings
from projections.catalogue import PROJECTIONS
from projections.engine.digest import digest
from tests.stories.telling import AFTERWARDS, PROFILES, SECRET, Json, Names, Story, stories


@dataclass(frozen=True)
class Installation:
    """Where stories are told."""

    application: Application
    reader: Reader

    def hear(self, messages: Sequence[bytes]) -> list[MessageOutcome]:
        """Read, record, project: as one batch."""
        context = reading_context(self.application, arrived_by="file")
        outcomes = self.application.record([read(each, context=context) for each in messages])
        self.application.read_models.catch_up()
        return outcomes

    def timelines(self, story: Story) -> list[Json]:
        """Return the timelines of its people, as stories are written."""
        names = Names([story])
        readings = [self.reader.patient(person) for person in story.people]
        return [names.timeline(reading) for reading in readings if reading]

    def census(self) -> list[Json]:
        """Return the census, as stories are written."""
        told = stories()
        encounters: dict[str, str] = {}
        for person in (person for story in told for person in story.people):
            reading = self.reader.patient(person)
            if reading:
                filed = reading.filed.items()
                encounters |= {ref: one.statement.control_id for ref, one in filed}
        return Names(told).census(self.reader.census.read(now=AFTERWARDS), encounters)

    def digests(self) -> dict[str, tuple[int, str]]:
        """Return rows and digest of each projection."""
        with self.application.connect() as connection:
            found = digest(connection, PROJECTIONS, self.application.services.open_segment)
        return {name: (each.rows, each.sha256) for name, each in found.items()}


@contextmanager
def installation(database: str, home: Path, profiles: Path = PROFILES) -> Iterator[Installation]:
    """Open an installation over a database."""
    home.mkdir(parents=True, exist_ok=True)
    settings = Settings(home=home, database_url=database, profiles=profiles, id_key=SECRET)  # type: ignore[arg-type]  # pydantic makes secrets of text
    with opened(settings) as application, open_reader(application) as reader:
        yield Installation(application, reader)
