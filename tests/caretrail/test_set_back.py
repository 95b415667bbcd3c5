"""Read models that hold events that their store lost are found, and a rebuild mends them."""

from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import pytest
from psycopg.conninfo import conninfo_to_dict

from caretrail.intake import reading_context
from commands.ports.topic import ReadModelsAheadOfStore
from consumers.hl7v2.translate import read
from projections.catalogue import PROJECTIONS
from projections.engine import fold
from tests import servers
from tests.region import Voice
from tests.stories.installation import Installation, installation

pytestmark = pytest.mark.postgres


def admission(number: int) -> bytes:
    voice = Voice("NGH", str(number), "Alder^Rowena", "19510602", "F")
    return voice.say(
        "A01", "02-16 10:45", place="4W-10", visit=f"V{number}", admitted="02-16 10:45"
    )


def hear(where: Installation, first: int, last: int) -> None:
    where.hear([admission(number) for number in range(first, last)])


@pytest.fixture
def poisoned(database: str, server: str, tmp_path: Path) -> Iterator[Installation]:
    """An older copy of a store, whose read models hold 20 events that only the newer one had."""
    older = f"older_{token_hex(4)}"
    name = conninfo_to_dict(database)["dbname"]
    with installation(database, tmp_path) as where:
        hear(where, 1, 11)
    url = servers.create_database(server, older, str(name))
    with installation(database, tmp_path) as where:
        hear(where, 11, 31)
        lost = where.application.store.read(10)
    with installation(url, tmp_path) as where:
        application = where.application
        with application.connect() as connection:
            fold.apply(
                connection,
                PROJECTIONS,
                lost,
                heal=application.store.read_partition,
                services=application.services,
            )
        yield where
    servers.drop_database(server, older)


@pytest.mark.parametrize("new", [0, 5, 20, 60])
def test_read_models_ahead_of_their_store_are_refused_until_they_are_rebuilt(
    poisoned: Installation, tmp_path: Path, server: str, template_database: str, new: int
) -> None:
    application = poisoned.application
    context = reading_context(application, arrived_by="file")
    application.record([read(admission(31 + n), context=context) for n in range(new)])
    for _ in range(2):
        with pytest.raises(ReadModelsAheadOfStore, match="The store was set back"):
            application.read_models.catch_up()
    with application.connect() as connection:
        application.read_models.rebuild(connection, [], application.store.max_index())
    application.read_models.catch_up()
    clean = f"clean_{token_hex(4)}"
    empty = servers.create_database(server, clean, template_database)
    with installation(empty, tmp_path / "clean") as other:
        other.hear([admission(n) for n in [*range(1, 11), *range(31, 31 + new)]])
        assert poisoned.digests() == other.digests()
    servers.drop_database(server, clean)
