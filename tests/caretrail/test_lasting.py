"""What a process imports when it starts stays until it ends, so no collection looks at it."""

import subprocess
import sys

PROGRAM = """
import gc
from caretrail.lasting import import_lasting
assert import_lasting("caretrail.cli.census").census
first = gc.get_freeze_count()
kept = [[] for _ in range(1000)]
assert import_lasting("caretrail.cli.census").census
print(gc.isenabled(), first > 50_000, gc.get_freeze_count() == first)
"""


def test_collections_skip_what_was_imported_and_nothing_made_later() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "True", "True"]
