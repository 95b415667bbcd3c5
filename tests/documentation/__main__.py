"""Write the reference pages that are generated from the code: ``python -m tests.documentation``."""

from pathlib import Path

import psycopg

from infra.migrate import migrate
from projections.catalogue import PROJECTIONS
from projections.engine import generations
from tests import servers
from tests.architecture import picture
from tests.documentation import pages
from tests.documentation.api_page import api

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def main() -> None:
    """Write all of them."""
    picture.main()
    for make in (api, pages.cli, pages.metrics, pages.settings, pages.events):
        (REFERENCE / f"{make.__name__}.md").write_text(make(), "utf-8")
    adt = REFERENCE / "adt.md"
    adt.write_text(pages.with_triggers(adt.read_text("utf-8")), "utf-8")
    with servers.postgres() as server:
        url = servers.create_database(server, "documentation")
        migrate(url)
        with psycopg.connect(url, autocommit=True) as connection:
            generations.create(connection, PROJECTIONS)
            (REFERENCE / "sql.md").write_text(pages.sql(connection), "utf-8")


if __name__ == "__main__":
    main()
