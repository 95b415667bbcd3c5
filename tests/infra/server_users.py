"""Other processes that use the server of a home."""

import subprocess
import sys
from pathlib import Path

# Starts or joins the server, prints its process id, waits for a line of input, and leaves.
_USER = """
import sys
from importlib import import_module
from pathlib import Path
module, name, home = sys.argv[1:]
server = getattr(import_module(module), name)(Path(home))
server.start()
print(server.pid, flush=True)
sys.stdin.readline()
server.leave()
"""


def another_user(server: type, home: Path) -> "subprocess.Popen[str]":
    """Start a process that uses the server of a home; return when it does."""
    process = subprocess.Popen(
        [sys.executable, "-c", _USER, server.__module__, server.__name__, home],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip().isdigit()
    return process


def end(process: "subprocess.Popen[str]", *, kill: bool = False) -> None:
    """Let the process leave the server and end; or kill it, so that it cannot leave."""
    if kill:
        process.kill()
    process.communicate("\n", timeout=60)
