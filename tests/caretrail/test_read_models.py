"""A reader waits for the read models of an installation while another process updates them."""

from pathlib import Path

import pytest

from caretrail.read_models import claim_projecting
from tests.stories.installation import installation

pytestmark = pytest.mark.postgres

OTHER_RELEASE = "update proj.version set shape = shape + 1 where projection = 'census'"
THIS_RELEASE = "update proj.version set shape = shape - 1 where projection = 'census'"


def test_a_reader_waits_for_a_rebuild_of_the_service_and_no_longer_than_it_is_told(
    database: str, tmp_path: Path
) -> None:
    with (
        installation(database, tmp_path / "home") as where,
        where.application.connect() as service,
    ):
        assert claim_projecting(service)
        service.execute(OTHER_RELEASE)
        with pytest.raises(TimeoutError):
            where.application.read_models.catch_up(timeout=0.1)
        looks: list[int] = []

        def finish_the_rebuild(index: int) -> None:
            if not looks:
                service.execute(THIS_RELEASE)
            looks.append(index)

        reached = where.application.read_models.catch_up(finish_the_rebuild, timeout=60)
        assert (reached, len(looks)) == (where.application.store.max_index(), 2)
