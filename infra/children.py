"""Child processes that never get lost: a session of their own, a record on disk, a sure end.

A session of its own keeps the Ctrl-C of a terminal away from a child: its supervisor decides when
it ends. The record names the process by its id *and* the kernel's time of its start, so that the
next run finds what a ``kill -9`` of the supervisor left running, and never ends a stranger that
was given the same id later. Linux and macOS; no privileges are needed.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

_POLL: Final = 0.02  # seconds between two looks at a process that is not our own child


@dataclass(frozen=True, slots=True)
class Identity:
    """One process for as long as the machine is up: an id alone is given again."""

    pid: int
    started: str  # as the kernel tells it; only ever compared

    @classmethod
    def of(cls, pid: int) -> "Identity | None":
        """Return who has this id now, or None when nobody does (a zombie is nobody)."""
        started = _started(pid)
        return None if started is None else cls(pid, started)

    def is_running(self) -> bool:
        """Say whether this very process is still there."""
        return _started(self.pid) == self.started


class Child:
    """A process that this run, or an earlier one of ours that was killed, has started."""

    def __init__(
        self,
        identity: Identity,
        *,
        record: Path | None = None,
        facts: Mapping[str, str] | None = None,
        popen: "subprocess.Popen[bytes] | None" = None,
    ) -> None:
        self.identity = identity
        self.facts: Mapping[str, str] = facts or {}
        self._record = record
        self._popen = popen

    @property
    def pid(self) -> int:
        """The id of the process; also that of its session and of its process group."""
        return self.identity.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended, negative for a signal; None while it runs or when it was not our child."""
        return None if self._popen is None else self._popen.poll()

    def is_running(self) -> bool:
        """Say whether it is still there."""
        if self._popen is not None:
            return self._popen.poll() is None
        return self.identity.is_running()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to it alone; nothing happens when it is gone."""
        if self.is_running():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait(self, seconds: float) -> bool:
        """Wait for its end, so long at most; say whether it has ended."""
        if self._popen is not None:
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(max(seconds, 0))
            return not self.is_running()
        return wait_until(lambda: not self.identity.is_running(), seconds)

    def stop(
        self,
        ladder: Sequence[signal.Signals] = (signal.SIGTERM,),
        *,
        within: float,
    ) -> bool:
        """Send these signals in turn, each with so many seconds, then kill the whole group.

        Returns:
            True when it ended by itself, False when it had to be killed.
        """
        gently = not self.is_running()
        for number in ladder:
            if gently:
                break
            self.send(number)
            gently = self.wait(within)
        if not gently:
            _kill_group(self.identity)
            self.wait(within)
        self.forget()
        return gently

    def forget(self) -> None:
        """Drop the record: the process has ended, or somebody else looks after it."""
        if self._record is not None:
            self._record.unlink(missing_ok=True)

    def disown(self) -> None:
        """Leave it running when this process ends: others use it, the last of them stops it."""
        if self._popen is not None and self._popen.poll() is None:
            # Popen warns about a child nobody waited for; this one has other owners now.
            self._popen.returncode = 0
            self._popen = None


def start(  # noqa: PLR0913  # what a process is started with
    command: Sequence[str | Path],
    *,
    record: Path | None = None,
    facts: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    user: int | None = None,
    group: int | None = None,
    output: IO[bytes] | int | None = subprocess.DEVNULL,
    errors: IO[bytes] | int | None = subprocess.STDOUT,
) -> Child:
    """Start a process in a session of its own, without standard input, and record it.

    Args:
        command: The program and its arguments.
        record: Where the record is written; ``recorded`` reads it after a crash.
        facts: What the next run must know of it, such as its port; kept in the record.
        environment: All of its environment; ours when None.
        folder: Its working folder.
        user: The user id it runs as (root only).
        group: The group id it runs as; supplementary groups are dropped with it.
        output: Where its standard output goes.
        errors: Where its standard error goes.

    Raises:
        OSError: the program cannot be started.
    """
    popen = subprocess.Popen(  # noqa: S603  # callers name the program
        [str(each) for each in command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        env=None if environment is None else dict(environment),
        cwd=folder,
        user=user,
        group=group,
        extra_groups=None if group is None else [],
        start_new_session=True,
    )
    # A child that is already gone has no start time any more; its Popen still tells how it ended.
    identity = Identity.of(popen.pid) or Identity(popen.pid, "ended")
    child = Child(identity, record=record, facts=facts, popen=popen)
    if record is not None:
        write_whole(
            record,
            json.dumps(
                {"pid": identity.pid, "started": identity.started, "facts": dict(child.facts)}
            ),
        )
    return child


def recorded(record: Path) -> Child | None:
    """Return the process that a record names if it still runs; a stale record is no process."""
    try:
        said = json.loads(record.read_text("utf-8"))
        identity = Identity(int(said["pid"]), str(said["started"]))
        facts = {str(name): str(value) for name, value in said["facts"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return Child(identity, record=record, facts=facts) if identity.is_running() else None


def with_argument(argument: str) -> list[Child]:
    """Return the running processes that have this argument, for the moment before a record."""
    return [
        Child(identity)
        for pid in _all_pids()
        if pid != os.getpid() and argument in arguments(pid)
        if (identity := Identity.of(pid)) is not None
    ]


def arguments(pid: int) -> tuple[str, ...]:
    """Return the arguments that a process was started with; empty when that cannot be seen."""
    try:
        if _PROC.is_dir():
            raw = (_PROC / str(pid) / "cmdline").read_bytes()
            return tuple(raw.decode("utf-8", "replace").rstrip("\0").split("\0")) if raw else ()
    except OSError:
        return ()
    return tuple(_ps("args=", pid).split())


def wait_until(condition: Callable[[], bool], seconds: float, *, every: float = _POLL) -> bool:
    """Look again and again until it is so, for so long at most; say whether it is."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(every)
    return True


def write_whole(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write a file so that a reader, or a crash, sees the old text or the new, never a part."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, mode)  # whatever the umask takes away, and an old file had
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)


def _kill_group(identity: Identity) -> None:
    """Kill a process and what it started in its group."""
    if identity.is_running():
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(identity.pid, signal.SIGKILL)


_PROC: Final = Path("/proc/self").parent if Path("/proc/self/stat").exists() else Path("/nowhere")
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")  # start times count from the boot
_STATE, _START_TIME = 0, 19  # fields of /proc/PID/stat after the name, proc_pid_stat(5)


def _started(pid: int) -> str | None:
    if not _PROC.is_dir():
        state, _, started = _ps("stat=,lstart=", pid).partition(" ")
        return None if not state or state.startswith("Z") else started.strip()
    try:
        stat = (_PROC / str(pid) / "stat").read_text("utf-8", "replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # the name before it may hold anything
    if fields[_STATE] in "ZXx":
        return None
    boot = _BOOT.read_text("ascii").strip() if _BOOT.exists() else ""
    return f"{boot} {fields[_START_TIME]}"


def _all_pids() -> list[int]:
    if _PROC.is_dir():
        return [int(each.name) for each in _PROC.iterdir() if each.name.isdigit()]
    return [int(each) for each in _ps("pid=").split()]


def _ps(columns: str, pid: int | None = None) -> str:
    which = ["-x"] if pid is None else ["-p", str(pid)]
    command = ["/bin/ps", "-ww", "-o", columns, *which]
    return subprocess.run(  # noqa: S603  # fixed words and a number
        command, capture_output=True, text=True, check=False
    ).stdout.strip()
