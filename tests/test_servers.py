"""What a killed test run leaves is ended by the next one."""

import subprocess
import sys
from pathlib import Path

from infra.postgres_home import PostgresHome
from tests import servers
from tests.waiting import until

ROOT = Path(__file__).parents[1]
RUN = """
import os
from tests import servers
from infra.postgres_server import PostgresServer
with servers.home() as home:
    PostgresServer(home).start()
    os.utime(home / "run.lock", (0, 0))
    print(home, flush=True)
    os.kill(os.getpid(), 9)
"""


def test_the_server_of_a_killed_run_is_ended_by_the_next_one() -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN], capture_output=True, text=True, check=False, cwd=ROOT
    )
    home = Path(done.stdout.strip())
    left = PostgresHome(home).find()
    # Another run, or a worker beside this one, may have been faster, or may be at it.
    assert left is not None or not home.exists()
    with servers.home() as other:
        assert other != home
        until(lambda: not home.exists(), "what was left is gone")
    if left is not None:
        assert not left.child.is_running()
