"""Reference pages equal what is generated from the code; ``make docs`` writes them again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from infra import metrics
from projections.catalogue import PROJECTIONS
from projections.engine import generations
from tests.documentation import pages
from tests.documentation.api_page import api

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize("page", [api, pages.cli, pages.metrics, pages.settings, pages.events])
def test_a_page_equals_what_is_generated_from_the_code(page: Callable[[], str]) -> None:
    assert (REFERENCE / f"{page.__name__}.md").read_text("utf-8") == page()


def test_every_metric_belongs_to_one_role() -> None:
    shown = [each for found in metrics.OF_ROLE.values() for each in found]
    assert sorted(map(id, shown)) == sorted(map(id, metrics.REGISTRY._collector_to_names))


@pytest.mark.postgres
def test_the_page_of_views_is_what_their_comments_say(connection: Connection[Any]) -> None:
    generations.create(connection, PROJECTIONS)
    page = pages.sql(connection)
    assert "| None |" not in page, "a view or column without a comment"
    assert (REFERENCE / "sql.md").read_text("utf-8") == page
