"""What a killed test run leaves is ended by the next one."""

import subprocess
import sys
from pathlib import Path
from tempfile import gettempdir

import pytest

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


@pytest.mark.parametrize(
    ("available", "limit", "where"),
    [
        (9_000, None, "memory"),
        (9_000, "max", "memory"),
        (9_000, "20000000", "memory"),
        (100, None, "disk"),
        (9_000, "4000000", "disk"),
    ],
)
def test_files_are_in_memory_only_if_the_machine_and_the_container_have_room(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    available: int,
    limit: str | None,
    where: str,
) -> None:
    memory, machine, container = (tmp_path / each for each in ("shm", "meminfo", "cgroup"))
    memory.mkdir()
    container.mkdir()
    machine.write_text(f"MemTotal: 99999 kB\nMemAvailable: {available} kB\n")
    if limit:
        (container / "memory.max").write_text(f"{limit}\n")
        (container / "memory.current").write_text("3900000\n")
        (container / "memory.stat").write_text("anon 3000000\ninactive_file 500000\n")
    for name, value in (
        ("_MEMORY", memory), ("_MACHINE", machine), ("_CONTAINER", container), ("_ROOM", 1 << 20),
    ):  # fmt: skip
        monkeypatch.setattr(servers, name, value)
    assert servers.quick_folder() == (memory if where == "memory" else Path(gettempdir()))


def test_a_machine_without_memory_for_files_keeps_them_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "_MEMORY", tmp_path / "none")
    assert servers.quick_folder() == Path(gettempdir())
