"""A home is opened for every verb; only the reading of messages keeps profiles."""

from pathlib import Path

import pytest

from caretrail.intake import reading_context
from tests.stories.installation import Installation, installation

pytestmark = pytest.mark.postgres


def kept(where: Installation) -> set[str]:
    """Return the names of the profiles that the store keeps."""
    with where.application.connect() as connection:
        return {name for (name,) in connection.execute("select name from intake.profile")}


def test_profiles_are_kept_before_messages_are_read_and_not_when_a_home_is_opened(
    database: str, tmp_path: Path
) -> None:
    with installation(database, tmp_path / "home") as where:
        assert kept(where) == set()
        reading_context(where.application, arrived_by="file")
        assert kept(where) == {"default", *where.application.profiles.named}
