"""What the command line says about failures."""

from caretrail.problems import explanation
from projections.engine.generations import NeedsRebuild


def test_read_models_of_another_release_are_explained_with_their_remedy() -> None:
    assert explanation(NeedsRebuild(["census"])) == (
        "projections to rebuild: census; the service does so at its start: start it, or wait until"
        " it is ready"
    )
