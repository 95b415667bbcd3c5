"""Instants at both edges of the calendar are answered, in every zone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from secrets import token_hex
from zoneinfo import ZoneInfo

import httpx
import pytest

from infra.clock import new_id
from tests import servers
from tests.pages import pages_app
from tests.region import WORDS, Voice
from tests.serving import serving
from tests.signed_in import sessions_of, sign_in
from tests.stories.installation import Installation, installation

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 2, 20, 12, tzinfo=UTC)
EDGES = (
    "0001-01-01", "0001-01-01 00:00", "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00-12:00",
    "9999-12-31", "9999-12-31 23:59", "9999-12-31T23:59:59+14:00", "9999-12-31T23:59:59-12:00",
)  # fmt: skip
ZONES = ("Pacific/Kiritimati", "Etc/GMT+12")  # no zone is farther from UTC


@pytest.fixture(scope="module")
def told(
    server: str, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """Tell of a stay whose messages state times at the edges too."""
    database = servers.create_database(server, f"edges_{token_hex(4)}", template_database)
    voice = Voice("NGH", "1", "Alder^Rowena", "19510602", "F")
    plain = voice.say("A01", "02-16 10:45", place="4W-10", visit="V1", admitted="02-16 10:45")
    moved = voice.say("A02", "02-17 09:00", place="4W-12", visit="V1")
    with installation(database, tmp_path_factory.mktemp("home")) as where:
        where.hear(
            [
                plain,
                moved.replace(b"20260217090000", b"00010101000000").replace(b"NGH0", b"NGH8"),
                moved.replace(b"20260217090000", b"99991231235959").replace(b"NGH0", b"NGH9"),
            ]
        )
        yield where


@pytest.mark.parametrize("zone", ZONES)
def test_pages_answer_at_the_edges_of_the_calendar(told: Installation, zone: str) -> None:
    app = pages_app(
        told.reader,
        now=lambda: NOW,
        new_id=new_id,
        words=replace(WORDS, zone=ZoneInfo(zone), zone_name=zone),
    )
    patient = told.reader.resolve("NGH|1")
    with serving(app) as address, httpx.Client(base_url=address, trust_env=False) as client:
        sign_in(client, sessions_of(told.reader))
        for path in (f"/ui/patients/{patient}", "/ui/census"):
            assert client.get(path, params={"since": "all"}).status_code == 200
            for name in ("as_of", "known_at"):
                for edge in EDGES:
                    found = client.get(path, params={name: edge, "since": "all"})
                    # A patient who was not known then is not found, and that is an answer.
                    assert found.status_code in {200, 404}, (path, name, edge)
