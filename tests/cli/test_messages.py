"""The flags of ``messages``."""

import pytest

from caretrail.cli import command_parser
from commands.ports.intake import Disposition


@pytest.mark.parametrize("disposition", Disposition)
def test_messages_can_be_listed_by_every_outcome(disposition: Disposition) -> None:
    options = command_parser().parse_args(["messages", "ls", "--disposition", disposition.value])
    assert options.disposition == disposition
